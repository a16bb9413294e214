package io.vmxsim.traces;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tracepoints of Linux's KVM that are read, each with what its line looks like in the kernels
 * of the 4.x and early 5.x series, of about 5.10, and of 6.x, and in {@code trace-cmd report}. What
 * one of them leaves out is optional here; what a kernel appends to an exit or entry is passed
 * over.
 */
enum KvmTracepoint {
  KVM_ENTRY("vcpu (?<vcpu>\\d+)(?:,? rip #.*)?"),
  KVM_EXIT(
      "(?:vcpu (?<vcpu>\\d+) )?reason (?<reason>\\w+)(?: FAILED_VMENTRY)? rip (?<address>#)"
          + " info1? (?<info>#)(?: info2)? #.*"),
  KVM_PAGE_FAULT("(?:vcpu (?<vcpu>\\d+) )?(?:rip # )?address (?<address>#) error_code (?<info>#)"),
  KVM_PIO("pio_(?:read|write) at (?<address>#) size \\d+ count \\d+(?: val #.*)?"),
  KVM_MMIO("mmio (?:read|write|unsatisfied-read) len \\d+ gpa (?<address>#) val #"),
  KVM_MSR("msr_(?:read|write) (?<address>#) = #(?: \\(#GP\\))?"),
  KVM_CR("cr_(?:read|write) (?<address>#) = #"),
  KVM_CPUID("func (?<address>#)(?: idx #)? rax # rbx # rcx # rdx #(?:, cpuid entry .*)?"),
  KVM_INJ_VIRQ("(?:irq \\d+|\\S+ #(?: \\[reinjected\\])?)"),
  KVM_INJ_EXCEPTION(".*"),
  KVM_PML_FULL("vcpu (?<vcpu>\\d+): PML full"),
  KVM_HYPERCALL("nr (?<address>#) a0 # a1 # a2 # a3 #"),
  KVM_MMU_SET_SPTE("gfn (?<address>#) spte # \\(.*\\) level \\d+ at #");

  private final Pattern line;

  /** In {@code form}, # stands for a hexadecimal number, but for the one in (#GP). */
  KvmTracepoint(String form) {
    line =
        Pattern.compile(
            form.replaceAll("#(?!GP)", Matcher.quoteReplacement("(?:0x)?[0-9a-f]{1,16}")));
  }

  /** The tracepoint of that name; null if it is not read. */
  static @Nullable KvmTracepoint named(String name) {
    for (KvmTracepoint point : values()) {
      if (point.label().equals(name)) {
        return point;
      }
    }
    return null;
  }

  /** The kernel's name. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The parts of a line, or null if it does not look like one of this tracepoint. */
  @Nullable Matcher match(String text) {
    Matcher matcher = line.matcher(text);
    return matcher.matches() ? matcher : null;
  }

  /** A hexadecimal part of a line; 0 if this line or this tracepoint has none of that name. */
  long number(Matcher parts, String name) {
    String text = text(parts, name);
    return text == null ? 0 : Long.parseUnsignedLong(text.replaceFirst("^0x", ""), 16);
  }

  /** A part of a line; null if there is none. */
  @Nullable String text(Matcher parts, String name) {
    return line.pattern().contains("(?<" + name + ">") ? parts.group(name) : null;
  }
}
