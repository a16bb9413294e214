package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.ActionKind;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EptMmuTest {
  /**
   * One violation per host page newly touched. The guest touches the page of its code, of its three
   * tables, and 4 MBytes of data from 16 MBytes on, at steps of 4 KBytes.
   */
  @ParameterizedTest
  @CsvSource({"SIZE_4K,1028", "SIZE_2M,3", "SIZE_1G,1"})
  void onePageIsFilledPerViolation(PageSize hostPage, int violations) {
    TracedGuest guest = new TracedGuest("skylake-sp", VmOptions.ept(hostPage));
    for (int round = 0; round < 2; round++) {
      for (long at = 16 << 20; at < 20 << 20; at += 4096) {
        guest.then(ActionKind.LOAD, 8, at, 0);
      }
    }
    guest.run();
    assertEquals(violations, guest.exits(ExitReason.EPT_VIOLATION));
    assertEquals(violations, guest.allExits());
  }

  @Test
  void anAccessWithoutMemoryIsADevices() {
    TracedGuest guest = new TracedGuest("skylake-sp", VmOptions.ept(PageSize.SIZE_2M));
    guest.vcpu.initialState().memory(0x2000 + 8 * 8, 8L << 30 | 0xe3); // beyond memory
    guest.then(ActionKind.STORE_VALUE, 4, (8L << 30) + 0x10, 77).run();
    // one for the page that holds tables and code, one for the device
    assertEquals(2, guest.exits(ExitReason.EPT_VIOLATION));
  }
}
