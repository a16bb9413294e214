package io.vmxsim.traces;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.ept.MmuStatistics;
import io.vmxsim.vmcs.ExitReason;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** What a machine has done so far, by processor. Equal runs give equal bytes. */
public final class MachineReport {
  private MachineReport() {}

  /** A table with a column for each processor. */
  public static String text(Machine machine) {
    List<String> numbers = new ArrayList<>();
    for (int i = 0; i < machine.processorCount(); i++) {
      numbers.add(Integer.toString(i));
    }
    StringBuilder text = new StringBuilder();
    TextTable rows = new TextTable();
    rows.row("processor", numbers);
    number(rows, machine, "instructions", Processor::instructions);
    number(rows, machine, "cycles", Processor::now);
    number(rows, machine, "  of them idle", processor -> processor.cycles().idle);
    number(rows, machine, "  of them translation", p -> p.mmu().translationCycles());
    number(rows, machine, "page walks", processor -> statistics(processor).walks());
    number(rows, machine, "  entries read", processor -> statistics(processor).entryReads());
    if (machine.processor(0).transitions().entries() > 0) {
      number(rows, machine, "VM entries", p -> p.transitions().entries());
      for (ExitReason reason : ExitReason.values()) {
        if (total(machine, reason) > 0) {
          number(rows, machine, "  exits " + reason.name(), p -> p.transitions().exits(reason));
        }
      }
    }
    rows.appendTo(text);
    if (!machine.hiddenFeatures().isEmpty()) {
      text.append("CPUID hides what is not modelled: ");
      text.append(String.join(", ", hidden(machine))).append('\n');
    }
    return text.toString();
  }

  private static List<String> hidden(Machine machine) {
    return machine.hiddenFeatures().stream().map(CpuidFeature::name).toList();
  }

  private static void number(
      TextTable table, Machine machine, String label, ToLongFunction<Processor> value) {
    table.row(label, column(machine, p -> TextTable.grouped(value.applyAsLong(p))));
  }

  private static List<String> column(Machine machine, Function<Processor, String> cell) {
    List<String> cells = new ArrayList<>();
    for (int i = 0; i < machine.processorCount(); i++) {
      cells.add(cell.apply(machine.processor(i)));
    }
    return cells;
  }

  private static long total(Machine machine, ExitReason reason) {
    long sum = 0;
    for (int i = 0; i < machine.processorCount(); i++) {
      sum += machine.processor(i).transitions().exits(reason);
    }
    return sum;
  }

  private static MmuStatistics statistics(Processor processor) {
    return processor.mmu().statistics();
  }

  /** One indented JSON document that ends in a line feed. */
  public static String json(Machine machine) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("instructions", machine.instructions());
    ArrayNode hidden = json.putArray("hiddenFeatures");
    hidden(machine).forEach(hidden::add);
    ArrayNode processors = json.putArray("processors");
    for (int i = 0; i < machine.processorCount(); i++) {
      write(machine.processor(i), processors.addObject());
    }
    return json.toPrettyString().replace("\r\n", "\n") + "\n";
  }

  private static void write(Processor processor, ObjectNode json) {
    MmuStatistics mmu = statistics(processor);
    json.put("instructions", processor.instructions());
    json.putObject("cycles")
        .put("total", processor.now())
        .put("guest", processor.cycles().guest)
        .put("exit", processor.cycles().exit)
        .put("vmm", processor.cycles().vmm)
        .put("idle", processor.cycles().idle)
        .put("translation", processor.mmu().translationCycles());
    json.putObject("walks")
        .put("count", mmu.walks())
        .put("guestEntryReads", mmu.guestEntryReads())
        .put("eptEntryReads", mmu.eptEntryReads());
    ObjectNode structures = json.putObject("tlbs");
    for (MmuStatistics.Structure structure : mmu.structures()) {
      structures
          .putObject(structure.name())
          .put("hits", structure.hits())
          .put("misses", structure.misses());
    }
    json.put("vmEntries", processor.transitions().entries());
    ObjectNode exits = json.putObject("vmExits");
    for (ExitReason reason : ExitReason.values()) {
      if (processor.transitions().exits(reason) > 0) {
        exits.put(reason.name(), processor.transitions().exits(reason));
      }
    }
  }
}
