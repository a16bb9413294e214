package io.vmxsim.cpu.board;

/**
 * One counter of an 8254 ("8254 Programmable Interval Timer", Intel 231164-005). It does not count:
 * it knows at which tick it was loaded, and computes from that what is asked of it. Counting in BCD
 * is not modelled: the count is taken for binary.
 */
final class PitChannel {
  private static final int LOW_BYTE = 1;
  private static final int HIGH_BYTE = 2;
  private static final int RANGE = 1 << 16;

  private int mode;
  private int access = LOW_BYTE | HIGH_BYTE;
  private int reload = RANGE;
  private long loadedAt;
  private boolean loaded;
  private boolean gate = true;

  private int written;
  private boolean writesHigh;
  private boolean readsHigh;
  private int latched = -1;
  private int latchedStatus = -1;

  /** A control word: the mode, and which bytes of the count are to be written and read. */
  void control(int word) {
    mode = word >>> 1 & 7;
    if (mode > 5) {
      mode -= 4; // bit 2 of modes 2 and 3 is "don't care"
    }
    access = word >>> 4 & 3;
    loaded = false;
    writesHigh = false;
    readsHigh = false;
    latched = -1;
    latchedStatus = -1;
  }

  /** Writes a byte of the count; the count starts when its last byte is written. */
  void write(int value, long now) {
    if (access == LOW_BYTE) {
      load(value, now);
    } else if (access == HIGH_BYTE) {
      load(value << 8, now);
    } else if (writesHigh) {
      writesHigh = false;
      load(written | value << 8, now);
    } else {
      writesHigh = true;
      written = value;
    }
  }

  private void load(int count, long now) {
    reload = count == 0 ? RANGE : count;
    loadedAt = now;
    loaded = true;
  }

  /** Whether counting starts over when the gate rises, and goes on from the reload value. */
  boolean isPeriodic() {
    return mode == 2 || mode == 3;
  }

  void setGate(boolean high, long now) {
    if (high && !gate && mode != 0 && mode != 4) {
      loadedAt = now;
    }
    gate = high;
  }

  boolean gate() {
    return gate;
  }

  /** The level of the output. */
  boolean output(long now) {
    if (!loaded) {
      return mode != 0;
    }
    long passed = now - loadedAt;
    return switch (mode) {
      case 2 -> passed % reload != reload - 1;
      case 3 -> passed % reload < (reload + 1) / 2;
      case 4, 5 -> passed != reload;
      default -> passed >= reload;
    };
  }

  /** The first tick after {@code now} at which the output rises, -1 if it does not. */
  long nextRise(long now) {
    if (!loaded || !gate) {
      return -1;
    }
    if (isPeriodic()) {
      return loadedAt + ((now - loadedAt) / reload + 1) * reload;
    }
    long rise = loadedAt + reload + (mode >= 4 ? 1 : 0);
    return rise > now ? rise : -1;
  }

  private int count(long now) {
    long passed = loaded ? now - loadedAt : 0;
    long count =
        switch (mode) {
          case 2 -> reload - passed % reload;
          case 3 -> reload - 2 * passed % reload;
          default -> reload - passed;
        };
    return (int) count & RANGE - 1;
  }

  void latchCount(long now) {
    if (latched < 0) {
      latched = count(now);
    }
  }

  /** Status: output, count not yet in force, access, mode. */
  void latchStatus(long now) {
    if (latchedStatus < 0) {
      latchedStatus = (output(now) ? 0x80 : 0) | (loaded ? 0 : 0x40) | access << 4 | mode << 1;
    }
  }

  int read(long now) {
    if (latchedStatus >= 0) {
      int status = latchedStatus;
      latchedStatus = -1;
      return status;
    }
    int value = latched >= 0 ? latched : count(now);
    boolean high = access == HIGH_BYTE || (access == (LOW_BYTE | HIGH_BYTE) && readsHigh);
    readsHigh = access == (LOW_BYTE | HIGH_BYTE) && !readsHigh;
    if (!readsHigh) {
      latched = -1;
    }
    return high ? value >>> 8 : value & 0xff;
  }
}
