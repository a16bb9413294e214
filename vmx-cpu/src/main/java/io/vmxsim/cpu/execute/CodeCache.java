package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CostModel;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.snapshot.Rebuilt;
import io.vmxsim.ept.PhysicalMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decoded code by physical page. Whoever writes to memory tells it, so that code that changes is
 * decoded again before it runs: processors that share a memory share this.
 */
@Rebuilt
public final class CodeCache {
  /**
   * So many pages are kept, and then none: a guest that runs through all of its memory would fill
   * the host's with decoded code, up to 300 KBytes a page.
   */
  static final int MOST_PAGES = 2048;

  private static final int RECENT = 1024;
  private static final int PAGE = PhysicalMemory.PAGE_BYTES;
  private static final int PAGE_SHIFT = 12;
  private static final int LINE_SHIFT = 6;

  private final PhysicalMemory memory;
  private final Decoder decoder;
  private final CostModel costs;
  private final boolean packs;
  private final Map<Long, CodePage> pages = new HashMap<>();
  private final List<Runnable> told = new ArrayList<>();

  /** The page used last of those whose numbers end alike. */
  private final @Nullable CodePage[] recent = new CodePage[RECENT];

  /** For page numbers that end alike, how many of them have code. */
  private final char[] present = new char[1 << Character.SIZE];

  /** Empty, for the code in {@code memory} as one model of processor decodes and prices it. */
  public CodeCache(PhysicalMemory memory, Decoder decoder, CostModel costs) {
    this(memory, decoder, costs, true);
  }

  /** As above; without packing every instruction runs by {@link Interpreter}. */
  CodeCache(PhysicalMemory memory, Decoder decoder, CostModel costs, boolean packs) {
    this.packs = packs;
    this.memory = memory;
    this.decoder = decoder;
    this.costs = costs;
  }

  /** The blocks of one page, by the offset of their first byte. */
  private static final class CodePage {
    final long number;
    final @Nullable Block[] blocks = new Block[PAGE];

    /**
     * One bit for each 64 bytes of which some are decoded.
     *
     * <p>JUSTIFICATION: small guests have data beside their code, each store to which would have
     * all of it decoded anew.
     */
    long lines;

    CodePage(long number) {
      this.number = number;
    }
  }

  /**
   * The block that starts at a physical address, decoded now if need be.
   *
   * @return null if its first instruction goes on in the next page
   */
  @Nullable Block at(long address, CodeMode mode) {
    long number = address >>> PAGE_SHIFT;
    CodePage page = recent[(int) number & RECENT - 1];
    if (page == null || page.number != number) {
      page = find(number);
    }
    int offset = (int) address & PAGE - 1;
    Block block = page.blocks[offset];
    if (block == null || block.mode != mode) {
      block = decode(address, mode);
      page.blocks[offset] = block;
      if (block != null) {
        page.lines |= lines(offset, block.ends[block.ends.length - 1]);
      }
    }
    return block;
  }

  /** The block that starts at a physical address, if it has run lately; else null. */
  @Nullable Block known(long address, CodeMode mode) {
    long number = address >>> PAGE_SHIFT;
    CodePage page = recent[(int) number & RECENT - 1];
    Block block =
        page == null || page.number != number ? null : page.blocks[(int) address & PAGE - 1];
    return block != null && block.mode == mode ? block : null;
  }

  private CodePage find(long number) {
    CodePage page = pages.get(number);
    if (page == null) {
      if (pages.size() == MOST_PAGES) {
        writtenAnywhere();
      }
      told.forEach(Runnable::run);
      page = new CodePage(number);
      pages.put(number, page);
      present[(char) number]++;
    }
    recent[(int) number & RECENT - 1] = page;
    return page;
  }

  /** How many pages have code that is kept. */
  int pageCount() {
    return pages.size();
  }

  /** Has {@code listener} told whenever a page is about to hold code that has held none. */
  void beforeCodeInAnotherPage(Runnable listener) {
    told.add(listener);
  }

  /** Whether code may have been decoded from the page that holds a physical address. */
  boolean isIn(long address) {
    return present[(char) (address >>> PAGE_SHIFT)] != 0;
  }

  /** The bytes of a page from {@code address} on are about to change, or have. */
  public void written(long address) {
    written(address, PAGE - ((int) address & PAGE - 1));
  }

  /** As {@link #written(long)}, {@code size} bytes of the page: 1 or more. */
  public void written(long address, int size) {
    if (!isIn(address)) {
      return;
    }
    long number = address >>> PAGE_SHIFT;
    CodePage page = recent[(int) number & RECENT - 1];
    if (page == null || page.number != number) {
      page = pages.get(number);
    }
    if (page != null && (page.lines & lines((int) address & PAGE - 1, size)) != 0) {
      drop(number);
    }
  }

  /** The lines of 64 bytes that a run of bytes in a page touches. */
  private static long lines(int offset, int size) {
    int first = offset >>> LINE_SHIFT;
    int last = (offset + size - 1) >>> LINE_SHIFT;
    return (-1L << first) & (-1L >>> (Long.SIZE - 1 - last));
  }

  /** Any part of memory may have changed. */
  public void writtenAnywhere() {
    List.copyOf(pages.keySet()).forEach(this::drop);
  }

  private void drop(long number) {
    CodePage page = pages.remove(number);
    if (page == null) {
      return; // the code is in another page
    }
    present[(char) number]--;
    recent[(int) number & RECENT - 1] = null;
    for (Block block : page.blocks) {
      if (block != null) {
        block.valid = false;
      }
    }
  }

  private @Nullable Block decode(long address, CodeMode mode) {
    byte[] bytes = memory.pageForRead(address);
    List<Instruction> code = new ArrayList<>();
    int offset = (int) address & PAGE - 1;
    while (code.size() < Block.LONGEST && offset < PAGE) {
      Instruction in = new Instruction();
      Op op = decoder.decode(bytes, offset, PAGE, mode, in);
      if (op == Op.INCOMPLETE) {
        break;
      }
      code.add(in);
      offset += in.length;
      if (Block.ends(op)) {
        break;
      }
    }
    return code.isEmpty() ? null : new Block(code, (int) address & PAGE - 1, mode, costs, packs);
  }

  /** Whether an instruction ends within the first {@code length} bytes. */
  boolean isComplete(byte[] bytes, int length, CodeMode mode) {
    return decoder.decode(bytes, 0, length, mode, new Instruction()) != Op.INCOMPLETE;
  }

  /** A block of the one instruction whose bytes these are; it is not kept. */
  Block transientBlock(byte[] bytes, int length, CodeMode mode) {
    Instruction in = new Instruction();
    decoder.decode(bytes, 0, length, mode, in);
    return new Block(List.of(in), Block.NOWHERE, mode, costs, packs);
  }
}
