package io.vmxsim.cpu.gdb;

import io.vmxsim.cpu.Processor;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.WalkObserver.Dimension;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.ept.WalkResult.Status;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsText;

/** What {@code monitor} answers in a debugger. */
final class GdbMonitor {
  private static final String HELP =
      """
      vmcs          the current VMCS, and what its fields mean
      walk ADDRESS  the paging entries on the way from a linear address to memory
      help          this list
      """;

  private static final int LINEAR_BITS = 48;

  private GdbMonitor() {}

  /** The answer to a command, lines ended by line feeds. */
  static String answer(String command, Processor processor) {
    String[] words = command.strip().split("\\s+", 2);
    return switch (words[0]) {
      case "vmcs" -> vmcs(processor);
      case "walk" -> walk(words.length > 1 ? words[1] : "", processor);
      case "help", "" -> HELP;
      default -> "no command " + words[0] + "\n" + HELP;
    };
  }

  private static String vmcs(Processor processor) {
    Vmcs vmcs = processor.vmx().currentVmcs();
    if (vmcs == null) {
      return "no current VMCS\n";
    }
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            "VMCS at %#x, in %s operation\n",
            processor.vmx().currentPointer(), processor.inNonRoot() ? "non-root" : "root"));
    for (VmcsField field : VmcsField.values()) {
      if (field.existsOn(processor.profile().vmxCapabilities())) {
        String meaning = VmcsText.decoded(vmcs, field);
        text.append(String.format("%-52s %s", field, VmcsText.hex(field, vmcs.get(field))));
        text.append(meaning == null ? "" : "  " + meaning).append('\n');
      }
    }
    return text.toString();
  }

  /** The size of the page, where there is paging. */
  private static String page(WalkResult result) {
    int shift = result.pageShift();
    return shift < LINEAR_BITS ? ", page of %d bytes".formatted(1L << shift) : "";
  }

  private static String walk(String address, Processor processor) {
    long linear;
    try {
      linear = Long.parseUnsignedLong(address.replaceFirst("^0[xX]", ""), 16);
    } catch (NumberFormatException wrong) {
      return "expected: walk ADDRESS, in hexadecimal\n";
    }
    if (!processor.isCanonical(linear)) {
      return "%#x is not canonical\n".formatted(linear);
    }
    StringBuilder text = new StringBuilder();
    WalkResult result = new WalkResult();
    Status status =
        processor
            .mmu()
            .walker()
            .look(
                linear,
                Access.READ,
                result,
                (dimension, level, at, entry) ->
                    text.append(
                        String.format(
                            "  %s level %d: %016x at %#x\n",
                            dimension == Dimension.EPT ? "  EPT" : "paging", level, entry, at)));
    text.append(
        switch (status) {
          case OK -> "%#x is at %#x%s\n".formatted(linear, result.physicalAddress(), page(result));
          case PAGE_FAULT ->
              String.format("page fault, error code %#x\n", result.pageFaultErrorCode());
          case EPT_VIOLATION ->
              String.format("EPT violation, exit qualification %#x\n", result.exitQualification());
          default -> status + "\n";
        });
    return text.toString();
  }
}
