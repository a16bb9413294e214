package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every rule refuses a Haswell that breaks it in one value. */
class ProfileRuleTest {

  /** The smallest change to the profile haswell that breaks a rule, and what the error says. */
  enum Breaker {
    LEAVES_IN_RANGE(
        "[cpuid]\n0x14 = 0x00000001 0x00000000 0x00000000 0x00000000 registers",
        "leaf 0H reports FH and leaf 14H is listed"),
    VMX_REPORTED(
        "[cpuid]\n0x1 = 0x000306F2 0x00400800 0x7FFEFBDF 0xBFEBFBFF registers", "but it is 0"),
    ADDRESS_WIDTHS(
        "[cpuid]\n0x80000008 = 0x00003035 0x00000000 0x00000000 0x00000000 registers",
        "leaf 80000008H reports 53 physical and 48 linear bits"),
    CONTROLS_HAVE_THEIR_FEATURE(
        "[vmx]\nIA32_VMX_PROCBASED_CTLS2 = 0x02107FFF00000000 msr",
        "ENABLE_XSAVES_XRSTORS may be 1 without XSAVES"),
    FEATURES_HAVE_THEIR_CONTROL(
        "[vmx]\nIA32_VMX_PROCBASED_CTLS2 = 0x02006FFF00000000 msr",
        "ENABLE_INVPCID must be 0 although CPUID reports INVPCID"),
    EPT_CONTROLS_HAVE_EPT(
        "[vmx]\nIA32_VMX_PROCBASED_CTLS2 = 0x02007FFD00000000 msr",
        "UNRESTRICTED_GUEST may be 1 without EPT"),
    CR4_MATCHES_CPUID(
        "[vmx]\nIA32_VMX_CR4_FIXED1 = 0x00000000003767FF msr", "CR4 bit 21 may be 1 without SMAP");

    private final String change;
    private final String complaint;

    Breaker(String change, String complaint) {
      this.change = change;
      this.complaint = complaint;
    }
  }

  @TempDir Path folder = Path.of("");

  @ParameterizedTest
  @EnumSource
  void aBrokenRuleIsNamed(Breaker breaker) throws IOException {
    Path file = folder.resolve("broken.profile");
    Files.writeString(
        file,
        "name = broken\ntitle = t\nbased-on = haswell\n"
            + breaker.change
            + " | assumed | a test\n");
    InputException e = assertThrows(InputException.class, () -> CpuProfile.read(file));
    String message = String.valueOf(e.getMessage());
    String requirement = ProfileRule.valueOf(breaker.name()).requirement();
    assertTrue(message.contains("broken.profile: expected " + requirement + ", but "), message);
    assertTrue(message.contains(breaker.complaint), message);
  }

  @Test
  void everyRuleHasABreaker() {
    assertEquals(
        Arrays.stream(ProfileRule.values()).map(Enum::name).toList(),
        Arrays.stream(Breaker.values()).map(Enum::name).toList());
  }
}
