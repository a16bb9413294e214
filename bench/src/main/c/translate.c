/*
 * The reference loop: address translation as a plain C program does it.
 *
 * A 64-entry 4-way first level and a 1536-entry 12-way second level with true LRU, no walk caches,
 * and a walk of 4 levels or of 4 times 4 (24 entries read), all of it known to the compiler.
 *
 * It does what any program must that translates so: it looks every address up in both levels, keeps
 * their exact order of use, reads every entry of a walk from memory and tests its present bit. It
 * does less than vmxsim: no access rights, reserved bits, accessed and dirty flags, memory types or
 * page sizes, no VPIDs, PCIDs or global pages, no counts but of misses, one fixed geometry, and its
 * memory is one array. So the ratio of the two says what modelling all that costs.
 *
 * The streams, the mappings, the miss counts and the sum of the translated addresses are those of
 * SideBySideTranslation, which runs both and compares.
 *
 * Usage: translate nested|native PAGES TRANSLATIONS     (PAGES 0: sequential over 1 GiB)
 * Prints: nanoseconds of processor time, sum of physical addresses, first-level misses, walks.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GIB (1ULL << 30)
#define PRESENT 1ULL
#define FRAME 0x000FFFFFFFFFF000ULL
#define GUEST_OFFSET (1ULL << 32) /* linear page 0 is at this guest-physical address */
#define HOST_OFFSET (1ULL << 33)  /* guest-physical address 0 is at this physical address */
#define SEED 0x9E3779B97F4A7C15ULL

/* ---- TLBs: ways in order of use, way 0 the most recently used ------------------------------- */

typedef struct {
  uint64_t *tags, *frames;
} tlb;

static tlb make_tlb(int entries) {
  tlb t = {calloc(entries, 8), calloc(entries, 8)};
  return t;
}

static inline void put_first(uint64_t *tags, uint64_t *frames, int way, uint64_t tag, uint64_t frame) {
  for (int i = way; i > 0; i--) {
    tags[i] = tags[i - 1];
    frames[i] = frames[i - 1];
  }
  tags[0] = tag;
  frames[0] = frame;
}

/* The frame of a page, 0 if it is not there (no frame is 0). */
static inline uint64_t look_up(tlb *t, int sets, int ways, uint64_t page) {
  uint64_t set = page % sets, tag = page + 1;
  uint64_t *tags = t->tags + set * ways, *frames = t->frames + set * ways;
  for (int way = 0; way < ways; way++) {
    if (tags[way] == tag) {
      uint64_t frame = frames[way];
      if (way != 0) put_first(tags, frames, way, tag, frame);
      return frame;
    }
  }
  return 0;
}

static inline void fill(tlb *t, int sets, int ways, uint64_t page, uint64_t frame) {
  uint64_t set = page % sets;
  put_first(t->tags + set * ways, t->frames + set * ways, ways - 1, page + 1, frame);
}

/* ---- Paging structures: tables handed out one after the other ------------------------------- */

static uint8_t *memory; /* physical addresses HOST_OFFSET + [0, size) */
static uint64_t next_table;

static inline uint64_t *entry_at(uint64_t physical) {
  return (uint64_t *)(memory + (physical - HOST_OFFSET));
}

static uint64_t new_table(void) {
  uint64_t table = next_table;
  next_table += 4096;
  return table;
}

/*
 * Maps a 4-KByte page in 4-level structures. A table's address in its entries plus `offset` is its
 * physical address: 0 for native and EPT structures, HOST_OFFSET for those of a guest.
 */
static void map(uint64_t root, uint64_t offset, uint64_t from, uint64_t to) {
  uint64_t table = root;
  for (int shift = 39; shift > 12; shift -= 9) {
    uint64_t *entry = entry_at(table + offset + (from >> shift & 511) * 8);
    if (!(*entry & PRESENT)) *entry = (new_table() - offset) | PRESENT;
    table = *entry & FRAME;
  }
  *entry_at(table + offset + (from >> 12 & 511) * 8) = to | PRESENT;
}

static inline uint64_t walk(uint64_t root, uint64_t address) {
  uint64_t table = root;
  for (int shift = 39; shift >= 12; shift -= 9) {
    uint64_t entry = *entry_at(table + (address >> shift & 511) * 8);
    if (!(entry & PRESENT)) abort();
    table = entry & FRAME;
  }
  return table | (address & 4095);
}

static inline uint64_t walk_nested(uint64_t guest_root, uint64_t ept_root, uint64_t linear) {
  uint64_t table = guest_root;
  for (int shift = 39; shift >= 12; shift -= 9) {
    uint64_t entry = *entry_at(walk(ept_root, table + (linear >> shift & 511) * 8));
    if (!(entry & PRESENT)) abort();
    table = entry & FRAME;
  }
  return walk(ept_root, table);
}

/* ---- The loop -------------------------------------------------------------------------------- */

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int nested = !strcmp(argv[1], "nested");
  uint64_t pages = strtoull(argv[2], 0, 10), translations = strtoull(argv[3], 0, 10);

  memory = calloc(1, 64 << 20);
  next_table = HOST_OFFSET;
  uint64_t guest_root = new_table(), guest_tables = nested ? HOST_OFFSET : 0;
  if (nested) guest_root -= guest_tables;
  for (uint64_t page = 0; page < GIB; page += 4096) map(guest_root, guest_tables, page, GUEST_OFFSET + page);
  uint64_t ept_root = 0;
  if (nested) {
    uint64_t end_of_guest_tables = next_table;
    ept_root = new_table();
    for (uint64_t p = 0; p < end_of_guest_tables - HOST_OFFSET; p += 4096) map(ept_root, 0, p, HOST_OFFSET + p);
    for (uint64_t p = 0; p < GIB; p += 4096) map(ept_root, 0, GUEST_OFFSET + p, HOST_OFFSET + GUEST_OFFSET + p);
  }

  tlb first = make_tlb(64), second = make_tlb(1536);
  uint64_t random = SEED, sequential = 0, sum = 0, first_misses = 0, walks = 0;
  struct timespec start, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  for (uint64_t i = 0; i < translations; i++) {
    uint64_t linear;
    if (pages == 0) {
      linear = sequential;
      sequential = (sequential + 8) & (GIB - 1);
    } else {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      linear = (((random >> 32) * pages) >> 32) << 12 | (random & 0xFF8);
    }
    uint64_t page = linear >> 12;
    uint64_t frame = look_up(&first, 16, 4, page);
    if (frame == 0) {
      first_misses++;
      frame = look_up(&second, 128, 12, page);
      if (frame == 0) {
        walks++;
        frame = nested ? walk_nested(guest_root, ept_root, linear & ~4095ULL)
                       : walk(guest_root, linear & ~4095ULL);
        fill(&second, 128, 12, page, frame);
      }
      fill(&first, 16, 4, page, frame);
    }
    sum += frame | (linear & 4095);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  long long nanoseconds = (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec);
  printf("%lld %llu %llu %llu\n", nanoseconds, (unsigned long long)sum,
         (unsigned long long)first_misses, (unsigned long long)walks);
  return 0;
}
