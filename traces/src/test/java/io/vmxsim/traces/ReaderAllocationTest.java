package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vmxsim.cpu.ActionBatch;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReaderAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Far below one byte per record, far above what opening and a grown buffer cost once. */
  private static final long ALLOWED = 64 * 1024;

  private static void assertReadsWithoutAllocation(TraceReader reader) {
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    for (int i = 0; i < 10; i++) {
      reader.fill(batch);
    }
    long records = reader.counts().records();
    long before = THREADS.getCurrentThreadAllocatedBytes();
    while (reader.fill(batch)) {
      // counted by the reader
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    records = reader.counts().records() - records;
    reader.close();
    assertTrue(records > 300_000, records + " records");
    assertTrue(allocated < ALLOWED, allocated + " bytes for " + records + " records");
  }

  @Test
  void nothingIsAllocatedPerRecord(@TempDir Path folder) {
    String lackey = "I  0401ab73,5\n S 1fff000778,8\n".repeat(200_000);
    assertReadsWithoutAllocation(Actions.reader(lackey, TraceOptions.DEFAULT));
    byte[] record = ChampSimReaderTest.record(0x401000, 0, 0, new long[] {1}, new long[] {2});
    byte[] champSim = new byte[400_000 * 64];
    for (int at = 0; at < champSim.length; at += 64) {
      System.arraycopy(record, 0, champSim, at, 64);
    }
    assertReadsWithoutAllocation(Actions.reader(champSim, TraceOptions.DEFAULT));
    Path file = folder.resolve("x.vxt");
    TraceConvert.convert(Actions.reader(lackey, TraceOptions.DEFAULT), file, 0, "", n -> {});
    assertReadsWithoutAllocation(TraceFormats.open(file.toString(), TraceOptions.DEFAULT));
  }
}
