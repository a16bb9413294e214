package io.vmxsim.cpu.apic;

import java.util.ArrayList;
import java.util.List;

/** Local APICs without processors: time that a test moves, and a record of what they signal. */
final class ApicBoard {
  static final ApicFeatures ALL = new ApicFeatures(true, true, 46, 1);

  final ApicNetwork network = new ApicNetwork();
  final List<String> signals = new ArrayList<>();
  long cycles;
  long timeStampOffset;

  /** Adds an enabled local APIC. */
  LocalApic apic(int id) {
    LocalApic apic = apic(id, ALL);
    store(apic, ApicRegister.SPURIOUS_VECTOR, 0x1ff);
    return apic;
  }

  LocalApic apic(int id, ApicFeatures features) {
    return new LocalApic(id, features, network, new Recorder(id));
  }

  private final class Recorder implements ApicSignals {
    private final int id;

    Recorder(int id) {
      this.id = id;
    }

    @Override
    public long cycles() {
      return cycles;
    }

    @Override
    public long timeStampCounter() {
      return cycles + timeStampOffset;
    }

    @Override
    public void nmi() {
      signals.add(id + " NMI");
    }

    @Override
    public void init() {
      signals.add(id + " INIT");
    }

    @Override
    public void startUp(int vector) {
      signals.add(id + " SIPI " + vector);
    }
  }

  static long load(LocalApic apic, ApicRegister register) {
    return apic.registers().load(register.offset(), 4);
  }

  static void store(LocalApic apic, ApicRegister register, long value) {
    apic.registers().store(register.offset(), 4, value);
  }

  /** Sends an IPI in xAPIC mode. */
  static void send(LocalApic apic, int destination, int command) {
    store(apic, ApicRegister.INTERRUPT_COMMAND_HIGH, (long) destination << 24);
    store(apic, ApicRegister.INTERRUPT_COMMAND, command);
  }
}
