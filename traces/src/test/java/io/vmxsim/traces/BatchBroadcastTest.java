package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.ActionSource;
import io.vmxsim.vmcs.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchBroadcastTest {
  private static final int BATCHES = 100;

  /** Counts upwards, one action a batch, and fails at {@code failAt}. */
  private static BatchBroadcast.Filler counting(int failAt) {
    int[] next = {0};
    return batch -> {
      if (next[0] == failAt) {
        throw new InputException("trace", "record " + failAt, "a record");
      }
      if (next[0] == BATCHES) {
        return false;
      }
      batch.add(ActionKind.LOAD, 8, next[0]++, 0);
      return true;
    };
  }

  private static List<Long> drain(ActionSource source) {
    List<Long> seen = new ArrayList<>();
    for (ActionBatch batch = source.next(); batch != null; batch = source.next()) {
      seen.add(batch.address(0));
    }
    return seen;
  }

  private static List<Long> upTo(int end) {
    List<Long> all = new ArrayList<>();
    for (long i = 0; i < end; i++) {
      all.add(i);
    }
    return all;
  }

  @Test
  void everySubscriberSeesEveryBatchInOrder() throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try (BatchBroadcast broadcast = new BatchBroadcast(counting(-1), 3)) {
      broadcast.start();
      List<Future<List<Long>>> seen = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        ActionSource source = broadcast.subscriber(i);
        seen.add(threads.submit(() -> drain(source)));
      }
      for (Future<List<Long>> one : seen) {
        assertEquals(upTo(BATCHES), one.get());
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void batchStaysAsItIsUntilItsSubscriberAsksForTheNext() {
    try (BatchBroadcast broadcast = new BatchBroadcast(counting(-1), 1)) {
      broadcast.start();
      ActionSource source = broadcast.subscriber(0);
      ActionBatch first = source.next();
      assertEquals(0, first == null ? -1 : first.address(0));
      assertEquals(upTo(BATCHES).subList(1, BATCHES), drain(source));
    }
  }

  @Test
  void faultOfTheReaderComesBehindTheBatchesBeforeIt() {
    try (BatchBroadcast broadcast = new BatchBroadcast(counting(40), 1)) {
      broadcast.start();
      ActionSource source = broadcast.subscriber(0);
      for (int i = 0; i < 40; i++) {
        source.next();
      }
      assertThrows(InputException.class, source::next);
      assertThrows(InputException.class, source::next, "and again");
    }
  }

  @Test
  void subscriberThatLeavesHoldsNobodyUp() {
    try (BatchBroadcast broadcast = new BatchBroadcast(counting(-1), 2)) {
      broadcast.start();
      broadcast.subscriber(0).next();
      broadcast.leave(0);
      assertEquals(upTo(BATCHES), drain(broadcast.subscriber(1)));
    }
  }
}
