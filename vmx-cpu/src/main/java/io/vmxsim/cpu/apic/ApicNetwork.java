package io.vmxsim.cpu.apic;

import java.util.ArrayList;
import java.util.List;
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
    if (message.mode() == DeliveryMode.LOWEST_PRIORITY) {
      LocalApic chosen = lowestPriority(message);
      return chosen != null && chosen.accept(message);
    }
    boolean accepted = false;
    for (int i = 0; i < processors.size(); i++) {
      LocalApic apic = processors.get(i);
      if (apic.isDestination(message)) {
        accepted |= apic.accept(message);
      }
    }
    return accepted;
  }

  /** Sends a message to everybody but one, who may be null. */
  void broadcast(InterruptMessage message, @Nullable LocalApic except) {
    for (int i = 0; i < processors.size(); i++) {
      LocalApic apic = processors.get(i);
      if (apic != except) {
        apic.accept(message);
      }
    }
  }

  /** The one with the lowest arbitration priority that takes interrupts; the first of several. */
  private @Nullable LocalApic lowestPriority(InterruptMessage message) {
    LocalApic lowest = null;
    for (int i = 0; i < processors.size(); i++) {
      LocalApic apic = processors.get(i);
      if (apic.isDestination(message)
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
