package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.ActionSource;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import it.unimi.dsi.fastutil.longs.Long2LongMap;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.longs.LongList;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuestOsModelTest {
  private static final int PAGE_FAULT = 14;
  private static final int USER_WRITE = 6;
  private static final ActionSource NOTHING = () -> null;

  private final ActionBatch handler = new ActionBatch(16);
  private long currentTop;

  @Test
  void firstTouchInAnEmptyAddressSpaceWritesFourEntriesThatLeadToAFreshFrame() {
    GuestOsModel model = started(GuestOsOptions.DEFAULT);
    Long2LongMap memory = stores(fault(model, 0x7f12_3456_7000L));
    assertEquals(4, memory.size(), "PML4E, PDPTE, PDE, PTE");
    long table = currentTop;
    for (int level = 4; level >= 1; level--) {
      long entry = memory.get(table + 8 * ((0x7f12_3456_7000L >>> (3 + 9 * level)) & 0x1ff));
      assertEquals(7, entry & 7, "present, writable, user");
      table = entry & ~0xfffL;
    }
  }

  @Test
  void neighbouringPageNeedsOneEntryOnly() {
    GuestOsModel model = started(GuestOsOptions.DEFAULT);
    fault(model, 0x40_0000);
    assertEquals(1, stores(fault(model, 0x40_1000)).size());
  }

  @Test
  void hugePageIsALeafInThePageDirectoryAligned() {
    GuestOsModel model = started(GuestOsOptions.DEFAULT.withPageShift(21));
    Long2LongMap memory = stores(fault(model, 0x7f12_3456_7000L));
    assertEquals(3, memory.size(), "PML4E, PDPTE, PDE");
    assertTrue(
        memory.values().longStream().anyMatch(e -> (e & 0x80) != 0 && (e & 0x1f_ffff) == 0xe7),
        "a 2-MByte leaf on a 2-MByte frame");
  }

  @Test
  void isolationLoadsCr3OnTheWayInAndOnTheWayOutAndKeepsTheDirectMapFromTheUser() {
    GuestOsOptions isolated =
        new GuestOsOptions(1L << 30, 12, 30, true, false, true, true, 1, true);
    GuestOsModel model = new GuestOsModel(isolated, List.of(NOTHING));
    handler.clear();
    model.next(handler);
    Long2LongMap start = stores(handler);
    assertEquals(3, start.size(), "kernel: direct map and code; user: code only");
    ActionBatch faulted = fault(model, 0x40_0000);
    LongList loads = loadedCr3s(faulted);
    assertEquals(2, loads.size());
    Long2LongMap stores = stores(faulted);
    assertEquals(stores.get(loads.getLong(0)), stores.get(loads.getLong(1)));
  }

  @Test
  void tickAcknowledgesTheInterruptAndArmsTheNextOne() {
    GuestOsModel model = started(GuestOsOptions.DEFAULT);
    handler.clear();
    model.deliver(GuestOsModel.TICK_VECTOR, 0, 0, handler);
    List<Long> msrs = new ArrayList<>();
    for (int i = 0; i < handler.count(); i++) {
      if (handler.kind(i) == ActionKind.WRMSR.code()) {
        msrs.add(handler.address(i));
      }
    }
    assertEquals(List.of(0x80bL, 0x6e0L), msrs);
  }

  @Test
  void twoProcessesTakeTurnsAtTicksAndEachEndUnmapsWhatItMapped() {
    GuestOsModel model = new GuestOsModel(GuestOsOptions.DEFAULT, List.of(NOTHING, NOTHING));
    handler.clear();
    model.next(handler);
    handler.clear();
    model.next(handler);
    long first = loadedCr3s(handler).getLong(0);
    Long2LongMap mapped = stores(fault(model, 0x40_0000));
    handler.clear();
    model.deliver(GuestOsModel.TICK_VECTOR, 0, 0, handler);
    long second = loadedCr3s(handler).getLong(0);
    assertTrue(first != second, "another address space");
    handler.clear();
    assertTrue(model.next(handler), "the second ends");
    handler.clear();
    assertTrue(model.next(handler), "the first unmaps");
    Long2LongMap unmapped = stores(handler);
    assertEquals(1, unmapped.size());
    assertTrue(mapped.containsKey(unmapped.keySet().iterator().nextLong()));
    handler.clear();
    assertTrue(model.next(handler), "the first ends");
    handler.clear();
    assertFalse(model.next(handler));
  }

  @Test
  void protectionFaultIsNamedAsNotModelled() {
    GuestOsModel model = started(GuestOsOptions.DEFAULT);
    handler.clear();
    assertThrows(
        NotModelledException.class, () -> model.deliver(PAGE_FAULT, USER_WRITE | 1, 0, handler));
  }

  @Test
  void usedUpGuestMemoryIsTheUsersErrorNotOurs() {
    GuestOsModel model =
        started(new GuestOsOptions(24L << 20, 21, 30, false, false, true, true, 1, true));
    assertThrows(
        InputException.class,
        () -> {
          for (int i = 1; i < 10; i++) {
            fault(model, (long) i << 21);
          }
        });
  }

  private GuestOsModel started(GuestOsOptions options) {
    GuestOsModel model = new GuestOsModel(options, List.of(NOTHING));
    handler.clear();
    model.next(handler);
    currentTop = loadedCr3s(handler).getLong(0);
    return model;
  }

  private ActionBatch fault(GuestOsModel model, long linear) {
    handler.clear();
    model.deliver(PAGE_FAULT, USER_WRITE, linear, handler);
    return handler;
  }

  /** The values that the handler loads into CR3, in order. */
  private static LongList loadedCr3s(ActionBatch batch) {
    LongList loads = new LongArrayList();
    for (int i = 0; i < batch.count(); i++) {
      if (batch.kind(i) == ActionKind.MOV_TO_CR.code()) {
        loads.add(batch.value(i));
      }
    }
    return loads;
  }

  private static Long2LongMap stores(ActionBatch batch) {
    Long2LongMap stores = new Long2LongOpenHashMap();
    for (int i = 0; i < batch.count(); i++) {
      if (batch.kind(i) == ActionKind.STORE_VALUE.code()) {
        stores.put(batch.address(i) - KernelLayout.DIRECT_MAP, batch.value(i));
      }
    }
    return stores;
  }
}
