package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmInstructionError;
import io.vmxsim.vmcs.rules.EntryFailure;
import org.jspecify.annotations.Nullable;

/**
 * How a processor said that a VM entry failed.
 *
 * @param failure the kind of failure; null if it is none that a broken rule explains
 * @param qualification the exit qualification; null if there is none or it is not known
 * @param words the report for people
 */
public record Reported(@Nullable EntryFailure failure, @Nullable Long qualification, String words) {

  /** A failed VM entry's exit reason, with or without bit 31, and exit qualification. */
  public static Reported exit(long reasonField, @Nullable Long qualification) {
    ExitReason reason = ExitReason.of(reasonField);
    String title = reason == null ? "undefined" : reason.title();
    String words = "exit reason %d, %s".formatted(reasonField & 0xFFFF, title);
    EntryFailure failure = null;
    for (EntryFailure candidate : EntryFailure.values()) {
      if (candidate.exitReason() != null && candidate.exitReason() == reason) {
        failure = candidate;
      }
    }
    return new Reported(
        failure,
        qualification,
        qualification == null ? words : words + ", exit qualification " + qualification);
  }

  /** A VM-instruction error; 0 stands for VMfailInvalid, which has none. */
  public static Reported error(long number) {
    if (number == 0) {
      return new Reported(
          EntryFailure.VM_FAIL_INVALID, null, "VMfailInvalid, without a VM-instruction error");
    }
    VmInstructionError error = VmInstructionError.of(number);
    String title = error == null ? "undefined" : error.description();
    EntryFailure failure = null;
    for (EntryFailure candidate : EntryFailure.values()) {
      if (error != null && candidate.error() == error) {
        failure = candidate;
      }
    }
    return new Reported(failure, null, "VM-instruction error %d, %s".formatted(number, title));
  }

  /** What {@code failure} makes a processor report. */
  public static Reported of(EntryFailure failure, long qualification) {
    if (failure.exitReason() != null) {
      return exit(failure.exitReason().number(), qualification);
    }
    return error(failure.error() == null ? 0 : failure.error().number());
  }

  /**
   * What a log means by “hardware error”: an exit reason if bit 31 is 1, else a VM-instruction
   * error.
   */
  static Reported hardwareError(long number) {
    return (number & ExitReason.VM_ENTRY_FAILURE) != 0 ? exit(number, null) : error(number);
  }
}
