package io.vmxsim.cpu.board;

/**
 * One 8259A ("8259A Programmable Interrupt Controller", Intel 231468-003), in the 8086 mode that a
 * PC uses. An edge-triggered request stays latched when its line falls before it is acknowledged,
 * as with the controllers of chip sets and unlike the original.
 */
final class Pic {
  /** The input that a chip without anything to serve reports when it is acknowledged. */
  private static final int SPURIOUS = 7;

  private static final int INPUTS = 8;
  private static final int ICW1 = 0x10;
  private static final int ICW1_NEEDS_ICW4 = 1;
  private static final int ICW1_SINGLE = 2;
  private static final int ICW4_AUTO_EOI = 2;
  private static final int OCW3 = 0x08;
  private static final int OCW2_EOI = 0x20;
  private static final int OCW2_SPECIFIC = 0x40;
  private static final int OCW2_ROTATE = 0x80;
  private static final int POLLED = 0x80;

  private int lines;
  private int requested;
  private int inService;
  private int mask = 0xff;
  private int levelTriggered;
  private int vectors;
  private int lowestPriority = INPUTS - 1;

  /** Which initialization word port 1 expects next; 0 once initialized. */
  private int nextInitialization;

  private boolean single;
  private boolean needsIcw4;
  private boolean autoEoi;
  private boolean specialMask;
  private boolean readsInService;
  private boolean polls;

  /** Leaves the chip as firmware does: initialized, with its first vector and its mask. */
  void initialize(int firstVector, int masked) {
    vectors = firstVector;
    mask = masked;
  }

  /** Edge or level, a bit per input. */
  int levelTriggered() {
    return levelTriggered;
  }

  void setLevelTriggered(int inputs) {
    levelTriggered = inputs;
  }

  /** Drives an input. */
  void set(int input, boolean high) {
    int bit = 1 << input;
    boolean rises = high && (lines & bit) == 0;
    lines = high ? lines | bit : lines & ~bit;
    if ((levelTriggered & bit) != 0) {
      requested = (requested & ~bit) | (lines & bit);
    } else if (rises) {
      requested |= bit;
    }
  }

  /** The input to be served next, -1 if there is none or it has to wait. */
  int pending() {
    int wanted = requested & ~mask;
    if (wanted == 0) {
      return -1;
    }
    int blocking = specialMask ? inService & ~mask : inService;
    for (int i = 1; i <= INPUTS; i++) {
      int input = lowestPriority + i & INPUTS - 1;
      if ((wanted >>> input & 1) != 0) {
        return input;
      }
      if ((blocking >>> input & 1) != 0) {
        return -1;
      }
    }
    return -1;
  }

  /** The interrupt acknowledge: takes the input to be served next into service. */
  int acknowledge() {
    int input = pending();
    if (input < 0) {
      return SPURIOUS;
    }
    int bit = 1 << input;
    requested = (requested & ~bit) | (lines & levelTriggered & bit);
    if (!autoEoi) {
      inService |= bit;
    }
    return input;
  }

  /** The vector of an input. */
  int vector(int input) {
    return vectors | input;
  }

  int in(boolean second) {
    if (polls) {
      polls = false;
      int input = pending();
      return input < 0 ? 0 : POLLED | acknowledge();
    }
    if (second) {
      return mask;
    }
    return readsInService ? inService : requested;
  }

  void out(boolean second, int value) {
    if (second) {
      writeSecond(value);
    } else if ((value & ICW1) != 0) {
      beginInitialization(value);
    } else if ((value & OCW3) != 0) {
      command3(value);
    } else {
      command2(value);
    }
  }

  private void beginInitialization(int icw1) {
    requested = 0;
    inService = 0;
    mask = 0;
    lowestPriority = INPUTS - 1;
    specialMask = false;
    readsInService = false;
    autoEoi = false;
    needsIcw4 = (icw1 & ICW1_NEEDS_ICW4) != 0;
    single = (icw1 & ICW1_SINGLE) != 0;
    nextInitialization = 2;
  }

  private void writeSecond(int value) {
    switch (nextInitialization) {
      case 2 -> {
        vectors = value & ~(INPUTS - 1);
        nextInitialization = single ? afterCascade() : 3;
      }
      case 3 -> nextInitialization = afterCascade();
      case 4 -> {
        autoEoi = (value & ICW4_AUTO_EOI) != 0;
        nextInitialization = 0;
      }
      default -> mask = value;
    }
  }

  private int afterCascade() {
    return needsIcw4 ? 4 : 0;
  }

  private void command3(int value) {
    polls = (value & 4) != 0;
    if ((value & 2) != 0) {
      readsInService = (value & 1) != 0;
    }
    if ((value & 0x40) != 0) {
      specialMask = (value & 0x20) != 0;
    }
  }

  /** Ends of interrupts and changes of priority. */
  private void command2(int value) {
    int input = (value & OCW2_SPECIFIC) != 0 ? value & INPUTS - 1 : highestInService();
    if (input < 0) {
      return;
    }
    if ((value & OCW2_EOI) != 0) {
      inService &= ~(1 << input);
    }
    boolean setsPriority = (value & (OCW2_ROTATE | OCW2_SPECIFIC | OCW2_EOI)) != OCW2_ROTATE;
    if ((value & OCW2_ROTATE) != 0 && setsPriority) {
      lowestPriority = input;
    }
  }

  private int highestInService() {
    for (int i = 1; i <= INPUTS; i++) {
      int input = lowestPriority + i & INPUTS - 1;
      if ((inService >>> input & 1) != 0) {
        return input;
      }
    }
    return -1;
  }
}
