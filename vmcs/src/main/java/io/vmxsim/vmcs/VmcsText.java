package io.vmxsim.vmcs;

import io.vmxsim.vmcs.ExitQualification.CrAccess;
import io.vmxsim.vmcs.ExitQualification.EptViolation;
import io.vmxsim.vmcs.ExitQualification.Io;
import io.vmxsim.vmcs.ExitQualification.MovDr;
import io.vmxsim.vmcs.ExitQualification.TaskSwitch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a field's value means, in a line for people. */
public final class VmcsText {

  private static final String[] GPR = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
  };
  private static final String[] EPT_VIOLATION = {
    "data read",
    "data write",
    "fetch",
    "was readable",
    "was writable",
    "was executable",
    "was user-executable",
    "linear address valid",
    "of translation",
    "user-mode address",
    "guest writable",
    "guest execute-disable",
    "NMI unblocking",
    "shadow-stack access",
    "supervisor shadow-stack page",
    "guest-paging verification",
    "asynchronous"
  };

  private VmcsText() {}

  /** The field's value in hexadecimal, with all digits of its width. */
  public static String hex(VmcsField field, long value) {
    return "0x%0{}x".replace("{}", String.valueOf(field.width().bits() / 4)).formatted(value);
  }

  /** What the value of {@code field} in {@code vmcs} says; null if the number says it all. */
  public static @Nullable String decoded(Vmcs vmcs, VmcsField field) {
    long value = vmcs.get(field);
    for (ControlWord word : ControlWord.values()) {
      if (word.field() == field) {
        return controls(word, value);
      }
    }
    return switch (field) {
      case EXIT_REASON -> exitReason(value);
      case EXIT_QUALIFICATION ->
          exitQualification(ExitReason.of(vmcs.get(VmcsField.EXIT_REASON)), value);
      case VM_INSTRUCTION_ERROR -> {
        VmInstructionError error = VmInstructionError.of(value);
        yield error == null ? null : error.description();
      }
      case VM_ENTRY_INTERRUPTION_INFORMATION,
          VM_EXIT_INTERRUPTION_INFORMATION,
          IDT_VECTORING_INFORMATION ->
          event(value);
      default -> null;
    };
  }

  /** The controls that are 1, by name, and the bits that have none by number. */
  public static String controls(ControlWord word, long value) {
    List<String> names = new ArrayList<>();
    long named = 0;
    for (Control control : word.controls()) {
      named |= control.mask();
      if (control.in(value)) {
        names.add(control.name());
      }
    }
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if ((((value & ~named) >>> bit) & 1) != 0) {
        names.add("bit " + bit);
      }
    }
    return String.join(", ", names);
  }

  private static String exitReason(long value) {
    ExitReason reason = ExitReason.of(value);
    String name = reason == null ? "undefined" : reason.traceName();
    return (value & ExitReason.VM_ENTRY_FAILURE) == 0 ? name : name + ", VM-entry failure";
  }

  /** The exit qualification of an exit; null if it is a plain number (or undefined). */
  public static @Nullable String exitQualification(@Nullable ExitReason reason, long value) {
    if (reason == null) {
      return null;
    }
    return switch (reason) {
      case CR_ACCESS -> crAccess(value);
      case DR_ACCESS -> {
        String dr = "dr" + MovDr.register(value);
        String gpr = GPR[MovDr.gpr(value)];
        yield MovDr.isFromDr(value) ? move(gpr, dr) : move(dr, gpr);
      }
      case IO_INSTRUCTION -> io(value);
      case TASK_SWITCH ->
          "to TSS 0x%x by %s".formatted(TaskSwitch.tss(value), TaskSwitch.source(value));
      case EPT_VIOLATION -> eptViolation(value);
      default -> null;
    };
  }

  private static String crAccess(long value) {
    String cr = "cr" + CrAccess.register(value);
    String gpr = GPR[CrAccess.gpr(value)];
    return switch (CrAccess.instruction(value)) {
      case MOV_TO_CR -> move(cr, gpr);
      case MOV_FROM_CR -> move(gpr, cr);
      case CLTS -> "clts";
      case LMSW -> "lmsw 0x%x".formatted(CrAccess.lmswSource(value));
    };
  }

  private static String move(String to, String from) {
    return "mov " + to + ", " + from;
  }

  private static String io(long value) {
    return "%s%s%s port 0x%x, %d byte"
        .formatted(
            Io.isRep(value) ? "rep " : "",
            Io.isIn(value) ? "in" : "out",
            Io.isString(value) ? "s" : "",
            Io.port(value),
            Io.size(value));
  }

  private static String eptViolation(long value) {
    List<String> names = new ArrayList<>();
    for (int bit = 0; bit < EPT_VIOLATION.length; bit++) {
      if (((value >>> bit) & 1) != 0) {
        names.add(EPT_VIOLATION[bit]);
      }
    }
    if ((value & EptViolation.LINEAR_ADDRESS_VALID) != 0
        && (value & EptViolation.OF_TRANSLATION) == 0) {
      names.add("of a guest paging-structure entry");
    }
    return String.join(", ", names);
  }

  private static String event(long value) {
    if (!InterruptionInformation.isValid(value)) {
      return "not valid";
    }
    int code = InterruptionInformation.typeCode(value);
    return "%s, vector %d%s%s"
        .formatted(
            code == 1 ? "reserved type" : EventType.ofCode(code),
            InterruptionInformation.vector(value),
            InterruptionInformation.hasErrorCode(value) ? ", with error code" : "",
            InterruptionInformation.isNmiUnblocking(value) ? ", NMI unblocking" : "");
  }
}
