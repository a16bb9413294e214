package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A VMCS as somebody wrote it down: the fields that could be read, and what could not.
 *
 * @param source the file
 * @param line the line it begins at, from 1
 * @param form who wrote it
 * @param title the line that introduced it, such as KVM's with the CPU number; may be empty
 * @param vmcs the VMCS; fields that are not known are 0
 * @param known the fields that are known
 * @param reported how hardware said the VM entry failed; null if that was not written down
 * @param entryMsrs the MSRs of the VM-entry MSR-load area that were written down, in order
 * @param unread lines within the dump that could not be read, or not all of them
 * @param absent fields that such a dump always has and this one has not
 */
public record VmcsDump(
    String source,
    int line,
    Form form,
    String title,
    Vmcs vmcs,
    Set<VmcsField> known,
    @Nullable Reported reported,
    List<MsrEntry> entryMsrs,
    List<UnreadLine> unread,
    Set<VmcsField> absent) {

  /** Who wrote a VMCS down. */
  public enum Form {
    KVM("a KVM dump"),
    XEN("a Xen dump"),
    JSON("a VMCS file"),
    PROCESSOR("a VM entry that failed");

    private final String description;

    Form(String description) {
      this.description = description;
    }

    /** The form in words, with its article. */
    public String description() {
      return description;
    }
  }

  /** A line of a dump that could not be read in full. */
  public record UnreadLine(int number, String text) {}

  /** An entry of an MSR area. */
  public record MsrEntry(long index, long value) {}

  /** The same with what hardware reported elsewhere. */
  VmcsDump reported(Reported other) {
    return new VmcsDump(source, line, form, title, vmcs, known, other, entryMsrs, unread, absent);
  }
}
