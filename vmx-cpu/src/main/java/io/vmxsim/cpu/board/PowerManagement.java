package io.vmxsim.cpu.board;

/**
 * ACPI's fixed power-management registers ("Advanced Configuration and Power Interface
 * Specification" 6.5, 4.8.3): PM1a status, enable and control, and the 24-bit power-management
 * timer.
 */
public final class PowerManagement implements PortDevice {
  /** The interrupt request of system control interrupts. */
  public static final int IRQ = 9;

  /** PM1a's event block: status, then enable, two bytes each. */
  public static final int EVENT_PORT = 0x600;

  /** PM1a's control block, two bytes. */
  public static final int CONTROL_PORT = 0x604;

  /** The timer, four bytes. */
  public static final int TIMER_PORT = 0x608;

  /** Sleep types that the tables give for states S3 and S5. */
  public static final int SLEEP_TYPE_S3 = 1;

  public static final int SLEEP_TYPE_S5 = 0;

  /** Ticks of the timer per second (4.8.3.3). */
  public static final long TIMER_HERTZ = 3_579_545;

  private static final int PORTS = 12;
  private static final int TIMER_MASK = 0xffffff;

  /** Status and enable bits: the timer's top bit changed, the clock's alarm. */
  private static final int RTC = 1 << 10;

  private static final int WAKE = 1 << 15;
  private static final int ENABLES = 1 | 1 << 5 | 1 << 8 | 1 << 9 | RTC;

  /** Control bits: interrupts are SCIs, sleep type, sleep. */
  private static final int SCI_ENABLE = 1;

  private static final int SLEEP_TYPE_SHIFT = 10;
  private static final int SLEEP_ENABLE = 1 << 13;

  /** What happens when software puts the machine to sleep. */
  public interface Sleep {
    /** Enters the sleeping state of that type. */
    void enter(int sleepType);
  }

  private final Timeline timeline;
  private final InterruptLine line;
  private final Sleep sleep;
  private int status;
  private int enabled;
  private int control = SCI_ENABLE;

  /** In ACPI mode, with no event enabled. */
  public PowerManagement(Timeline timeline, InterruptLine line, Sleep sleep) {
    this.timeline = timeline;
    this.line = line;
    this.sleep = sleep;
  }

  /** Plugs the registers in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(EVENT_PORT, PORTS, this);
  }

  /** The real-time clock's interrupt line, which is also an event here. */
  public void clockAlarm(boolean high) {
    if (high) {
      status |= RTC;
    }
    drive();
  }

  /** Whether an event is there that ends a sleeping state; if so it is noted as such. */
  public boolean wakes() {
    boolean wakes = (status & enabled) != 0;
    if (wakes) {
      status |= WAKE;
    }
    return wakes;
  }

  @Override
  public int in(int port, int size) {
    return switch (port) {
      case EVENT_PORT -> status;
      case EVENT_PORT + 2 -> enabled;
      case CONTROL_PORT -> control;
      case TIMER_PORT -> (int) timeline.ticks(TIMER_HERTZ) & TIMER_MASK;
      default -> 0;
    };
  }

  @Override
  public void out(int port, int size, int value) {
    switch (port) {
      case EVENT_PORT -> status &= ~value;
      case EVENT_PORT + 2 -> enabled = value & ENABLES;
      case CONTROL_PORT -> {
        control = (value & ~SLEEP_ENABLE) | SCI_ENABLE;
        if ((value & SLEEP_ENABLE) != 0) {
          sleep.enter(value >>> SLEEP_TYPE_SHIFT & 7);
        }
      }
      default -> {}
    }
    drive();
  }

  private void drive() {
    line.set((status & enabled) != 0);
  }

  @Override
  public int widest() {
    return 4;
  }
}
