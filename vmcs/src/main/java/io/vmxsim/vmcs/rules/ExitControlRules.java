package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.rules.Condition.on;

import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/** SDM (June 2016) 26.2.1.2 “VM-Exit Control Fields”. */
final class ExitControlRules {

  private ExitControlRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.EXIT_CONTROLS);
    AllowedSettings.add(list, "exit-controls", "Each primary VM-exit control", ControlWord.VM_EXIT);
    AllowedSettings.addActivated(
            list,
            "secondary-exit-controls",
            "Each secondary VM-exit control",
            ExitControl.ACTIVATE_SECONDARY_CONTROLS,
            ControlWord.SECONDARY_VM_EXIT)
        .newer()
        .then(AllowedSettings.allowed(ControlWord.SECONDARY_VM_EXIT));
    list.rule(
            "save-preemption-timer-needs-timer",
            "“Save VMX-preemption timer value” must be 0 if “activate VMX-preemption timer” is 0.")
        .when(on(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE))
        .then(on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER));
    MsrAreas.add(
        list,
        "exit-msr-store-area",
        "VM-exit MSR-store",
        VmcsField.VM_EXIT_MSR_STORE_ADDRESS,
        VmcsField.VM_EXIT_MSR_STORE_COUNT);
    MsrAreas.add(
        list,
        "exit-msr-load-area",
        "VM-exit MSR-load",
        VmcsField.VM_EXIT_MSR_LOAD_ADDRESS,
        VmcsField.VM_EXIT_MSR_LOAD_COUNT);
    return list.rules();
  }
}
