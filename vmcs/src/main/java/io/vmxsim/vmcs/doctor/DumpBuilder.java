package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.doctor.VmcsDump.Form;
import io.vmxsim.vmcs.doctor.VmcsDump.MsrEntry;
import io.vmxsim.vmcs.doctor.VmcsDump.UnreadLine;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One dump of a log, filled line by line. */
final class DumpBuilder {

  private static final Pattern MSR_AREA =
      Pattern.compile("MSR (guest autoload|guest autostore|host autoload):");
  private static final Pattern MSR_ENTRY =
      Pattern.compile("\\s*\\d+: msr=0x([0-9a-f]{1,8}) value=0x([0-9a-f]{16})");

  private final String source;
  private final int line;
  private final Form form;
  private final String title;
  private final Vmcs vmcs = new Vmcs(0);
  private final Set<VmcsField> known = EnumSet.noneOf(VmcsField.class);
  private final Set<DumpSection> entered = EnumSet.noneOf(DumpSection.class);
  private final List<MsrEntry> entryMsrs = new ArrayList<>();
  private final List<UnreadLine> unread = new ArrayList<>();

  /** Lines since the last one understood; those after a dump's end are none of it. */
  private final List<UnreadLine> strange = new ArrayList<>();

  private DumpSection section = DumpSection.GUEST;
  private boolean inEntryMsrs;
  private @Nullable Broken broken;

  /** A line of which the next one may have the rest. */
  private record Broken(DumpLine layout, UnreadLine line) {}

  DumpBuilder(String source, int line, Form form, String title) {
    this.source = source;
    this.line = line;
    this.form = form;
    this.title = title;
  }

  /** Begins a section; false if this dump has had it, or one that follows it, already. */
  boolean enter(DumpSection next) {
    for (DumpSection had : entered) {
      if (had.compareTo(next) >= 0) {
        return false;
      }
    }
    giveUp();
    unread.addAll(strange);
    strange.clear();
    entered.add(next);
    section = next;
    return true;
  }

  /** A line of the log from within the dump or, it may be, from behind its end. */
  void line(int number, String text) {
    if (text.isBlank()) {
      return;
    }
    UnreadLine here = new UnreadLine(number, text.strip());
    if (isMsr(text) || isWhole(text) || isRest(text) || isPart(text, here)) {
      return;
    }
    giveUp();
    strange.add(here);
  }

  private boolean isMsr(String text) {
    Matcher area = MSR_AREA.matcher(text);
    if (area.lookingAt()) {
      inEntryMsrs = area.group(1).equals("guest autoload");
      return true;
    }
    Matcher entry = MSR_ENTRY.matcher(text);
    if (!entry.lookingAt()) {
      return false;
    }
    if (inEntryMsrs) {
      entryMsrs.add(
          new MsrEntry(
              Long.parseLong(entry.group(1), 16), Long.parseUnsignedLong(entry.group(2), 16)));
      take(VmcsField.VM_ENTRY_MSR_LOAD_COUNT, entryMsrs.size());
    }
    return true;
  }

  /** Whether it is a line of this section or, its head being lost, of one that follows. */
  private boolean isWhole(String text) {
    for (DumpSection each : DumpSection.values()) {
      for (DumpLine layout : each.compareTo(section) < 0 ? List.<DumpLine>of() : layouts(each)) {
        DumpLine.Match match = layout.match(text);
        if (match != null && match.complete() && isNews(match)) {
          giveUp();
          if (each != section) {
            enter(each);
          }
          take(match);
          return true;
        }
      }
    }
    return false;
  }

  /** Of the two, Xen's older layout alone tells how many CR3-target values there are. */
  private List<DumpLine> layouts(DumpSection each) {
    if (form != Form.XEN || !known.contains(VmcsField.CR3_TARGET_COUNT)) {
      return each.lines();
    }
    List<DumpLine> layouts = new ArrayList<>(each.older());
    layouts.addAll(each.lines());
    return layouts;
  }

  private boolean isNews(DumpLine.Match match) {
    return match.values().keySet().stream().noneMatch(known::contains);
  }

  private boolean isRest(String text) {
    if (broken == null) {
      return false;
    }
    DumpLine.Match whole = broken.layout.match(broken.line.text() + " " + text.strip());
    if (whole == null || !whole.complete()) {
      return false;
    }
    broken = null;
    take(whole);
    return true;
  }

  private boolean isPart(String text, UnreadLine here) {
    for (DumpLine layout : section.lines()) {
      DumpLine.Match match = layout.match(text);
      if (match != null && isNews(match)) {
        giveUp();
        take(match);
        broken = new Broken(layout, here);
        return true;
      }
    }
    return false;
  }

  /** No rest came. */
  private void giveUp() {
    if (broken != null) {
      unread.add(broken.line);
      broken = null;
    }
  }

  private void take(DumpLine.Match match) {
    unread.addAll(strange);
    strange.clear();
    match.values().forEach(this::take);
  }

  private void take(VmcsField field, long value) {
    vmcs.set(field, value);
    known.add(field);
  }

  VmcsDump build() {
    giveUp();
    Set<VmcsField> absent = EnumSet.noneOf(VmcsField.class);
    for (DumpSection each : DumpSection.values()) {
      absent.addAll(each.always());
    }
    absent.removeAll(known);
    unread.sort((a, b) -> Integer.compare(a.number(), b.number()));
    return new VmcsDump(
        source, line, form, title, vmcs, known, reported(), entryMsrs, unread, absent);
  }

  private @Nullable Reported reported() {
    long reason = vmcs.get(VmcsField.EXIT_REASON);
    if ((reason & ExitReason.VM_ENTRY_FAILURE) == 0) {
      return null; // of an earlier VM exit
    }
    boolean qualified = known.contains(VmcsField.EXIT_QUALIFICATION);
    return Reported.exit(reason, qualified ? vmcs.get(VmcsField.EXIT_QUALIFICATION) : null);
  }
}
