package io.vmxsim.cpu.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.decode.Op;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FusedFormTest {
  /** The SDM's mnemonics say all that a row says. */
  @Test
  void everyFusedInstructionHasTheRowOfItsName() {
    List<Op> fused =
        Arrays.stream(Op.values())
            .filter(op -> op.group() == Op.Group.SIMD_FUSED)
            .collect(Collectors.toList());
    assertEquals(60, fused.size());
    for (Op op : fused) {
      assertEquals(op.mnemonic(), mnemonic(FusedForm.of(op)));
    }
  }

  private static String mnemonic(FusedForm form) {
    return "v"
        + form.signs().name().toLowerCase(java.util.Locale.ROOT)
        + form.order().name().substring("ORDER_".length())
        + (form.packed() ? "p" : "s")
        + (form.format() == FloatFormat.SINGLE ? "s" : "d");
  }
}
