package io.vmxsim.cpu.board;

/**
 * The interval timer of a PC: an 8254 at ports 40H to 43H, whose counter 0 is interrupt request 0,
 * and port 61H, with which software gates and sees counter 2 (NMI Status and Control, "82371AB
 * (PIIX4)", 4.2.5).
 */
public final class Pit implements PortDevice {
  /** The interrupt request of counter 0. */
  public static final int IRQ = 0;

  /** Ticks per second. */
  public static final long HERTZ = 1_193_182;

  private static final int FIRST_PORT = 0x40;
  private static final int CONTROL_PORT = 0x43;
  private static final int SYSTEM_PORT = 0x61;
  private static final int READ_BACK = 3;

  /** Port 61H: gate of counter 2, speaker; refresh toggle; output of counter 2. */
  private static final int GATE_2 = 1;

  private static final int WRITABLE = 3;
  private static final int REFRESH = 0x10;
  private static final int OUTPUT_2 = 0x20;

  /** The memory refresh, which used to be counter 1, toggles each 15 microseconds. */
  private static final long REFRESH_HERTZ = 66_000;

  private final Timeline timeline;
  private final InterruptLine line;
  private final Timeline.Alarm rise;
  private final PitChannel[] channels = {new PitChannel(), new PitChannel(), new PitChannel()};
  private int system;

  /** A timer whose counters are not loaded yet. */
  public Pit(Timeline timeline, InterruptLine line) {
    this.timeline = timeline;
    this.line = line;
    rise = timeline.alarm(this::outputRises);
    channels[2].setGate(false, 0);
  }

  /** Plugs the timer in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(FIRST_PORT, 4, this);
    bus.attachPorts(SYSTEM_PORT, 1, this);
  }

  private long ticks() {
    return timeline.ticks(HERTZ);
  }

  private void outputRises() {
    line.set(false);
    line.set(true);
    schedule();
  }

  private void schedule() {
    long tick = channels[0].nextRise(ticks());
    rise.setDue(tick < 0 ? Timeline.NEVER : timeline.cycleOf(tick, HERTZ));
  }

  @Override
  public int in(int port, int size) {
    if (port == SYSTEM_PORT) {
      return system
          | (timeline.ticks(REFRESH_HERTZ) % 2 == 0 ? 0 : REFRESH)
          | (channels[2].output(ticks()) ? OUTPUT_2 : 0);
    }
    return port == CONTROL_PORT ? 0 : channels[port - FIRST_PORT].read(ticks());
  }

  @Override
  public void out(int port, int size, int value) {
    if (port == SYSTEM_PORT) {
      system = value & WRITABLE;
      channels[2].setGate((value & GATE_2) != 0, ticks());
    } else if (port == CONTROL_PORT) {
      control(value);
    } else {
      channels[port - FIRST_PORT].write(value, ticks());
      schedule();
    }
  }

  private void control(int word) {
    int select = word >>> 6;
    if (select == READ_BACK) {
      readBack(word);
    } else if ((word & 0x30) == 0) {
      channels[select].latchCount(ticks());
    } else {
      channels[select].control(word);
      if (select == 0) {
        line.set(channels[0].output(ticks()));
        schedule();
      }
    }
  }

  /** The read-back command: bits 5 and 4 are 0 to latch count and status of the counters chosen. */
  private void readBack(int word) {
    for (int i = 0; i < channels.length; i++) {
      if ((word >>> (i + 1) & 1) != 0) {
        if ((word & 0x20) == 0) {
          channels[i].latchCount(ticks());
        }
        if ((word & 0x10) == 0) {
          channels[i].latchStatus(ticks());
        }
      }
    }
  }
}
