/*
 * Runs single instructions on the host's processor: reads batches of cases from standard input, each
 * behind its number of cases, and writes what each case left to standard output. Everything is
 * little-endian; HostState.java describes the records.
 *
 * Build: gcc -O1 -o instruction instruction.c      (x86-64 Linux with AVX)
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define STATE 0x60000000UL
#define DATA 0x40000000UL
#define PAGE 4096
#define READ_ONLY 0x50000000UL /* the data page once more, not to be written */
#define WINDOW 1024
#define AT_END 0x80 /* in a length: the window is the end of the page, not its beginning */
#define BATCH 1024

struct state {
  uint64_t gpr[16];      /* 0: as instructions number them */
  uint64_t rflags, pad;  /* 128 */
  uint8_t fx[512];       /* 144: FXSAVE64's area */
  uint8_t ymm[16][32];   /* 656 */
  uint64_t host_rsp;     /* 1168 */
  uint64_t code;         /* 1176 */
  uint64_t back;         /* 1184: where the instruction is left for */
};

/* Of FXSAVE64's area what comes before the vector registers: x87 and MXCSR. */
#define X87 160

struct input {
  uint8_t length, code[15];
  uint64_t gpr[16], rflags;
  uint8_t fx[X87], ymm[16][32], data[WINDOW];
};

struct output {
  uint64_t fault, address; /* 0 or signal, vector at bit 8, error code at bit 16; CR2 of a #PF */
  uint64_t gpr[16], rflags;
  uint8_t fx[X87], ymm[16][32], data[WINDOW];
};

void run(void);
extern char back[];

#define Y(n) "vmovdqu 0x60000000+656+32*" #n ", %ymm" #n "\n"
#define YS(n) "vmovdqu %ymm" #n ", 0x60000000+656+32*" #n "\n"
#define R(n, r) "mov 0x60000000+8*" #n ", %" r "\n"
#define RS(n, r) "mov %" r ", 0x60000000+8*" #n "\n"
#define EACH16(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define GPRS(f)                                                                       \
  f(1, "rcx") f(2, "rdx") f(3, "rbx") f(5, "rbp") f(6, "rsi") f(7, "rdi") f(8, "r8") \
  f(9, "r9") f(10, "r10") f(11, "r11") f(12, "r12") f(13, "r13") f(14, "r14")         \
  f(15, "r15") f(0, "rax") f(4, "rsp")

__asm__(
    ".text\n.globl run\nrun:\n"
    "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, 0x60000000+1168\n"
    "fxrstor64 0x60000000+144\n" EACH16(Y)
    "pushq 0x60000000+128\npopfq\n"
    GPRS(R)
    "jmp *0x60000000+1176\n"
    ".globl back\nback:\n"
    GPRS(RS)
    "mov 0x60000000+1168, %rsp\n"
    "pushfq\npopq 0x60000000+128\npushq $2\npopfq\n" /* neither DF nor AC */
    "fxsave64 0x60000000+144\n" EACH16(YS)
    "fninit\nvzeroupper\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");

static volatile uint64_t caught, caught_at;

static void on_signal(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  uint64_t vector = registers[REG_TRAPNO];
  uint64_t error = registers[REG_ERR];
  (void)info;
  caught = number | vector << 8 | error << 16;
  caught_at = vector == 14 ? (uint64_t)registers[REG_CR2] : 0;
  registers[REG_RIP] = (greg_t)back;
}

static void *map(unsigned long address, int protection, int file) {
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED : MAP_SHARED | MAP_FIXED;
  void *at = mmap((void *)address, PAGE, protection, flags, file, 0);
  if (at == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  return at;
}

static void one(struct state *state, uint8_t *data, uint8_t *code, const struct input *in,
                struct output *out) {
  uint8_t length = in->length & ~AT_END;
  uint8_t *window = in->length & AT_END ? data + PAGE - WINDOW : data;
  memcpy(code, in->code, length);
  memcpy(code + length, "\xff\x24\x25\xa0\x04\x00\x60", 7); /* jmp *0x60000000+1184 */
  memset(data, 0, PAGE);
  memcpy(window, in->data, WINDOW);
  memcpy(state->gpr, in->gpr, sizeof in->gpr);
  state->rflags = in->rflags;
  memcpy(state->fx, in->fx, sizeof in->fx);
  memcpy(state->ymm, in->ymm, sizeof in->ymm);
  caught = caught_at = 0;
  run();
  out->fault = caught;
  out->address = caught_at;
  memcpy(out->gpr, state->gpr, sizeof out->gpr);
  out->rflags = state->rflags;
  memcpy(out->fx, state->fx, sizeof out->fx);
  memcpy(out->ymm, state->ymm, sizeof out->ymm);
  memcpy(out->data, window, WINDOW);
}

int main(void) {
  static char stack[1 << 16];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = on_signal,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP};
  int page = memfd_create("data", 0);
  struct state *state = map(STATE, PROT_READ | PROT_WRITE, -1);
  uint8_t *code = map(STATE + PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
  uint8_t *data;
  static struct input in[BATCH];
  static struct output out[BATCH];
  uint32_t count;
  if (page < 0 || ftruncate(page, PAGE) != 0) {
    perror("data page");
    return 1;
  }
  data = map(DATA, PROT_READ | PROT_WRITE, page);
  *(volatile uint8_t *)map(READ_ONLY, PROT_READ, page); /* present */
  sigaltstack(&alternate, NULL);
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
    sigaction(signals[i], &action, NULL);
  }
  state->code = (uint64_t)code;
  state->back = (uint64_t)back;
  while (fread(&count, sizeof count, 1, stdin) == 1 && count <= BATCH
         && fread(in, sizeof *in, count, stdin) == count) {
    for (uint32_t i = 0; i < count; i++) {
      one(state, data, code, &in[i], &out[i]);
    }
    fwrite(out, sizeof *out, count, stdout);
    fflush(stdout);
  }
  return 0;
}
