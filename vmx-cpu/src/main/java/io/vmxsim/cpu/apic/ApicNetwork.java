package io.vmxsim.cpu.apic;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What carries interrupt messages between the APICs of one machine: it decides who receives a
 * message ("Determining IPI Destination", 10.6.2), and brings ends of interrupts to the I/O APICs.
 * Messages arrive at once.
 */
public final class ApicNetwork {
  private final List<LocalApic> processors = new ArrayList<>();
  private final List<IoApic> ioApics = new ArrayList<>();

  /** The local APICs, in the order in which they were added. */
  public List<LocalApic> processors() {
    return List.copyOf(processors);
  }

  void add(LocalApic apic) {
    processors.add(apic);
  }

  void add(IoApic apic) {
    ioApics.add(apic);
  }

  /**
   * Sends a message to those that its destination names.
   *
   * @return whether anybody accepted it
   */
  public boolean send(InterruptMessage message) {
    return send(message, apic -> apic.isDestination(message));
  }

  /** Sends a message to everybody but one, who may be null, as shorthands do. */
  void broadcast(InterruptMessage message, @Nullable LocalApic except) {
    send(message, apic -> apic != except);
  }

  private boolean send(InterruptMessage message, Predicate<LocalApic> isMeant) {
    if (message.mode() == DeliveryMode.LOWEST_PRIORITY) {
      LocalApic chosen = lowestPriority(isMeant);
      return chosen != null && chosen.accept(message);
    }
    boolean accepted = false;
    for (int i = 0; i < processors.size(); i++) {
      LocalApic apic = processors.get(i);
      if (isMeant.test(apic)) {
        accepted |= apic.accept(message);
      }
    }
    return accepted;
  }

  /** The one with the lowest arbitration priority that takes interrupts; the first of several. */
  private @Nullable LocalApic lowestPriority(Predicate<LocalApic> isMeant) {
    LocalApic lowest = null;
    for (int i = 0; i < processors.size(); i++) {
      LocalApic apic = processors.get(i);
      if (isMeant.test(apic)
          && apic.isSoftwareEnabled()
          && (lowest == null || apic.arbitrationPriority() < lowest.arbitrationPriority())) {
        lowest = apic;
      }
    }
    return lowest;
  }

  /** Tells the I/O APICs of the end of a level-triggered interrupt. */
  void endOfInterrupt(int vector) {
    for (int i = 0; i < ioApics.size(); i++) {
      ioApics.get(i).endOfInterrupt(vector);
    }
  }
}
