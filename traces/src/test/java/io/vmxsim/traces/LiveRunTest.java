package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class LiveRunTest {
  private static final CpuProfile CPU = CpuProfile.named("skylake-sp");
  private static final VmOptions OPTIONS = VmOptions.ept(PageSize.SIZE_4K);

  private final Machine machine;
  private final LiveRun run;

  LiveRunTest() {
    Guest guest = GuestCatalog.find("ipi-ping").orElseThrow();
    machine = new Machine(CPU, 64 << 20, 2, character -> {}, new Hypervisor(OPTIONS));
    ImageLoader.load(new BootRequest("ipi-ping", guest.image(), "", List.of()), machine);
    run = new LiveRun("ipi-ping", machine, CPU, OPTIONS, 3);
    machine.run(10_000_000);
  }

  @Test
  void theExitsOfAllProcessorsAreCounted() {
    RunResult result = run.result();
    long sum = 0;
    for (ExitReason reason : ExitReason.values()) {
      long both =
          machine.processor(0).transitions().exits(reason)
              + machine.processor(1).transitions().exits(reason);
      assertEquals(both, result.exitsFor(reason.name()), reason.name());
      sum += both;
    }
    assertTrue(machine.processor(1).transitions().exits(ExitReason.HLT) > 0);
    assertEquals(sum, result.totalExits());
  }

  @Test
  void allTimeOutsideTheGuestIsSomeExits() {
    RunResult result = run.result();
    long durations = result.exits().stream().mapToLong(ExitRow::cycles).sum();
    long beforeTheFirst = result.cycles().exit() + result.cycles().vmm() - durations;
    assertTrue(beforeTheFirst > 0, "setting up the VMCS costs something");
    assertTrue(beforeTheFirst < 50_000, "cycles that no exit answers for: " + beforeTheFirst);
  }

  @Test
  void theJsonIsAsItsSchemaSays() throws IOException {
    JsonSchema schema =
        JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(Path.of("..", "docs", "run.schema.json").toUri());
    JsonNode json = new ObjectMapper().readTree(run.json());
    assertEquals(List.of(), List.copyOf(schema.validate(json)));
    assertEquals(2, json.at("/guest/processors").asInt());
    ((ObjectNode) json.at("/runs/0")).remove("cycles");
    assertFalse(schema.validate(json).isEmpty());
  }
}
