package io.vmxsim.cpu.board;

import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.apic.LocalApic;

/** What runs the software of a machine: its processors themselves, or a VMM on them. */
public interface Platform {

  /** No VMM: the processors reach the board themselves. */
  Platform BARE =
      new Platform() {
        @Override
        public Bus reach(Bus board) {
          return board;
        }

        @Override
        public LogicalProcessor processor(Machine machine, ApicNetwork apics, int number) {
          Processor processor = machine.processor(number);
          LocalApic apic = processor.attachLocalApic(apics, number);
          processor.msrs().set(Msr.IA32_FEATURE_CONTROL, 0); // no firmware has locked it
          if (!apic.isBootstrap()) {
            processor.init();
          }
          return new BareProcessor(processor);
        }
      };

  /** What the physical processors reach by themselves. */
  Bus reach(Bus board);

  /**
   * The processor with that number as software sees it, with a local APIC on the network of the
   * machine. It starts in the state that a loader gives the physical one.
   */
  LogicalProcessor processor(Machine machine, ApicNetwork apics, int number);
}
