package io.vmxsim.cpu;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import java.util.ArrayList;
import java.util.List;

/**
 * The event that the processor delivered last, and the exceptions that the delivery met: what led
 * to a triple fault.
 */
public final class FaultChain {
  private static final List<String> NAMES =
      List.of(
          "#DE",
          "#DB",
          "NMI",
          "#BP",
          "#OF",
          "#BR",
          "#UD",
          "#NM",
          "#DF",
          "exception 9",
          "#TS",
          "#NP",
          "#SS",
          "#GP",
          "#PF",
          "exception 15",
          "#MF",
          "#AC",
          "#MC",
          "#XM",
          "#VE",
          "#CP");

  /** Longer chains do not end in a triple fault; what is beyond is not kept. */
  private static final int KEPT = 8;

  private final long[] informations = new long[KEPT];
  private final int[] errorCodes = new int[KEPT];
  private final long[] addresses = new long[KEPT];
  private final long[] rips = new long[KEPT];
  private int count;
  private int depth;

  FaultChain() {}

  /**
   * One event of the chain.
   *
   * @param information vector, type and whether there is an error code, as interruption information
   * @param errorCode if there is one
   * @param address CR2 of a page fault
   * @param rip the instruction that raised it, or that was to come next
   */
  public record Event(long information, int errorCode, long address, long rip) {

    /** As {@code #PF(0x2) at RIP 0x1000, CR2 0x7fff}. */
    @Override
    public String toString() {
      int vector = InterruptionInformation.vector(information);
      StringBuilder text = new StringBuilder(name(vector));
      if (InterruptionInformation.hasErrorCode(information)) {
        text.append(String.format("(%#x)", errorCode));
      }
      text.append(String.format(" at RIP %#x", rip));
      if (isException() && vector == EventDelivery.PAGE_FAULT) {
        text.append(String.format(", CR2 %#x", address));
      }
      return text.toString();
    }

    private boolean isException() {
      return InterruptionInformation.type(information) == EventType.HARDWARE_EXCEPTION;
    }

    private String name(int vector) {
      boolean named = vector < NAMES.size() && (isException() || vector == EventDelivery.NMI);
      return named ? NAMES.get(vector) : "interrupt " + vector;
    }
  }

  /** An event, which starts a chain unless it happens in the delivery of another. */
  void add(long information, int errorCode, long address, long rip) {
    if (depth == 0) {
      count = 0;
    }
    if (count < KEPT) {
      informations[count] = information;
      errorCodes[count] = errorCode;
      addresses[count] = address;
      rips[count] = rip;
      count++;
    }
  }

  /** A delivery begins, and further events belong to it. */
  void enter() {
    depth++;
  }

  /** The delivery has ended, whatever came of it. */
  void leave() {
    depth--;
  }

  /** The events, in the order in which they happened. */
  public List<Event> events() {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(new Event(informations[i], errorCodes[i], addresses[i], rips[i]));
    }
    return events;
  }
}
