package io.vmxsim.cpu.snapshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.vmcs.InputException;
import it.unimi.dsi.fastutil.objects.Reference2IntOpenHashMap;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
  private static final CpuProfile PROFILE = CpuProfile.named("max");
  private static final long PAGE = 0x8000_0000L - 4096;

  private final Path file;

  SnapshotTest(@TempDir Path folder) {
    file = folder.resolve("machine");
  }

  private static Machine machine() {
    return new Machine(PROFILE, 4L << 30, 2, value -> {});
  }

  private static Machine used() {
    Machine machine = machine();
    machine.memory().write64(PAGE, 0x1234_5678_9abc_def0L);
    machine.processor(1).state().setRegister(CpuState.RBX, 77);
    machine.processor(1).mmu().paging().setCr3(0x5000);
    machine.bus().out(0x70, 1, 0x0b);
    return machine;
  }

  private static void restore(Path file, Machine machine) {
    try (Snapshot snapshot = Snapshot.open(file)) {
      snapshot.restore(machine.contents());
    }
  }

  @Test
  void aNewMachineTakesUpTheState() {
    Snapshot.save(file, Map.of("color", "a=b"), used().contents());
    Machine machine = machine();
    restore(file, machine);
    assertEquals(0x1234_5678_9abc_def0L, machine.memory().read64(PAGE));
    assertEquals(used().memory().allocatedBytes(), machine.memory().allocatedBytes());
    assertEquals(77, machine.processor(1).state().register(CpuState.RBX));
    assertEquals(0x5000, machine.processor(1).mmu().paging().cr3());
  }

  @Test
  void factsComeBack() {
    Snapshot.save(file, Map.of("color", "a=b"), machine().contents());
    try (Snapshot snapshot = Snapshot.open(file)) {
      assertEquals(Map.of("color", "a=b"), snapshot.facts());
    }
  }

  @Test
  void aSnapshotOfWhatWasRestoredIsTheSameFile() throws IOException {
    Snapshot.save(file, Map.of(), used().contents());
    Machine machine = used();
    machine.memory().write64(0x9_0000, 5); // a page that the snapshot does not have
    machine.processor(0).state().setRegister(CpuState.RBX, 3);
    restore(file, machine);
    Path again = file.resolveSibling("again");
    Snapshot.save(again, Map.of(), machine.contents());
    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
    assertEquals(0, machine.memory().read64(0x9_0000));
  }

  @Test
  void damageIsRefusedWithTheBlockNamed() throws IOException {
    Snapshot.save(file, Map.of(), used().contents());
    byte[] whole = Files.readAllBytes(file);
    SnapshotFile opened = SnapshotFile.open(file);
    for (SnapshotFile.Block block : opened.blocks()) {
      byte[] damaged = whole.clone();
      damaged[(int) block.start() + block.length() / 2] ^= 4; // of an empty block, the checksum
      refused(damaged, block.name() + ": ");
    }
    SnapshotFile.Block second = opened.blocks().get(1);
    byte[] damaged = whole.clone();
    damaged[(int) second.start() - 1]++; // its name
    refused(damaged, "block 1 ");
    opened.close();
  }

  @Test
  void aFileThatWasCutShortIsRefused() throws IOException {
    Snapshot.save(file, Map.of(), used().contents());
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += 1 + whole.length / 50) {
      refused(Arrays.copyOf(whole, length), "");
    }
    refused(Arrays.copyOf(whole, whole.length - 1), "end");
  }

  private void refused(byte[] bytes, String block) throws IOException {
    Path damaged = Files.write(file.resolveSibling("damaged"), bytes);
    InputException refusal =
        assertThrows(InputException.class, () -> Snapshot.open(damaged).close());
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(block), message);
  }

  @Test
  void nothingIsLeftUnderTheUnfinishedName() throws IOException {
    Snapshot.save(file, Map.of(), machine().contents());
    Snapshot.save(file, Map.of(), used().contents());
    try (var files = Files.list(file.getParent())) {
      assertEquals(1, files.count());
    }
  }

  /** A new transient field must be one that needs no saving: then it is added here. */
  @Test
  void allFieldsOfAllClassesAreSavedButThese() throws ClassNotFoundException {
    GraphWriter graph =
        new GraphWriter(new Reference2IntOpenHashMap<>(), 1 << 20, (part, records) -> {});
    machine().contents().parts().forEach(graph::part);
    Set<String> left = new TreeSet<>();
    int saved = 0;
    for (String text : graph.classes()) {
      String[] words = text.split(" ", 3);
      if (!words[0].equals("OBJECT") || !words[1].startsWith("io.vmxsim.")) {
        continue;
      }
      for (Field field : Class.forName(words[1]).getDeclaredFields()) {
        boolean isSaved = words[2].contains(field.getName() + ":");
        saved += isSaved ? 1 : 0;
        if (!isSaved && !Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
          left.add(Class.forName(words[1]).getSimpleName() + "." + field.getName());
        }
      }
    }
    assertEquals(
        new TreeSet<>(
            Set.of(
                "DebugRegisters.watch",
                "Executor.accesses",
                "Executor.code", // decoded from memory again
                "Executor.observer",
                "Executor.stops",
                "Machine.checkpoint",
                "Machine.checkpointInterval",
                "Machine.hidden",
                "Machine.interrupted",
                "Machine.nextCheckpoint",
                "Mem.code",
                "Mem.observer",
                "NotCompleted.outcome", // of an instruction in flight
                "PackedInterpreter.block",
                "PackedInterpreter.code",
                "Progress.block",
                "Progress.suspended",
                "VmTransitions.entryFailureObserver")),
        left);
    assertTrue(saved > 500, "fields saved: " + saved);
    assertFalse(graph.classes().isEmpty());
  }
}
