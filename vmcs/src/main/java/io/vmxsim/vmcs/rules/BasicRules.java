package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.not;

import java.util.List;

/**
 * SDM (June 2016) 26.1 “Basic VM-Entry Checks”, steps 3 to 5; steps 1 and 2 are ordinary faults of
 * the instruction.
 */
final class BasicRules {

  private static final long NO_CURRENT_VMCS = -1;

  private BasicRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.BASIC);
    Condition launch = asking(EntryInput.VM_ENTRY_INSTRUCTION, c -> c.environment().isLaunch());
    Condition launched = asking(EntryInput.LAUNCH_STATE, c -> c.vmcs().launched());
    list.rule("current-vmcs-exists", "There must be a current VMCS.")
        .then(
            asking(
                EntryInput.CURRENT_VMCS_POINTER,
                c -> c.environment().currentVmcsPointer() != NO_CURRENT_VMCS));
    list.rule("current-vmcs-not-shadow", "The current VMCS must not be a shadow VMCS.")
        .then(asking(EntryInput.LAUNCH_STATE, c -> !c.vmcs().isShadow()));
    list.rule("no-mov-ss-blocking", "There must be no blocking by MOV SS.")
        .failing(EntryFailure.MOV_SS_BLOCKING)
        .then(asking(EntryInput.MOV_SS_BLOCKING, c -> !c.environment().isBlockedByMovSs()));
    list.rule("vmlaunch-clear", "VMLAUNCH needs a VMCS whose launch state is clear.")
        .failing(EntryFailure.NON_CLEAR_VMCS)
        .when(launch)
        .then(not(launched));
    list.rule("vmresume-launched", "VMRESUME needs a VMCS whose launch state is launched.")
        .failing(EntryFailure.NON_LAUNCHED_VMCS)
        .when(not(launch))
        .then(launched);
    return list.rules();
  }
}
