package io.vmxsim.vmcs.doctor;

import java.util.ArrayList;
import java.util.List;

/** Dumps written by hand from what KVM and Xen print. */
final class DumpTexts {

  /** KVM 5.x: one line for the three execution controls, EFER and PAT together. */
  static final String OLD_KVM =
      """
      *** Guest State ***
      CR0: actual=0x0000000080050033, shadow=0x0000000080050031, gh_mask=fffffffffffffff7
      CR4: actual=0x00000000001426f0, shadow=0x00000000001406f0, gh_mask=fffffffffffef871
      CR3 = 0x000000001a02f000
      RSP = 0xffffc90000d37e58  RIP = 0xffffffff8102e7c1
      RFLAGS=0x00000246         DR7 = 0x0000000000000400
      Sysenter RSP=0000000000001111 CS:RIP=0010:0000000000002222
      CS:   sel=0x0010, attr=0x0a09b, limit=0xffffffff, base=0x0000000000000000
      DS:   sel=0x0000, attr=0x1c000, limit=0xffffffff, base=0x0000000000000000
      SS:   sel=0x0018, attr=0x0c093, limit=0xffffffff, base=0x0000000000000000
      ES:   sel=0x0000, attr=0x1c000, limit=0xffffffff, base=0x0000000000000000
      FS:   sel=0x0000, attr=0x1c000, limit=0xffffffff, base=0x00007f3d6b8cd700
      GS:   sel=0x0000, attr=0x1c000, limit=0xffffffff, base=0xffff88801f400000
      GDTR:                           limit=0x0000007f, base=0xfffffe0000001000
      LDTR: sel=0x0000, attr=0x1c000, limit=0xffffffff, base=0x0000000000000000
      IDTR:                           limit=0x00000fff, base=0xfffffe0000000000
      TR:   sel=0x0040, attr=0x0008b, limit=0x0000206f, base=0xfffffe0000003000
      EFER =     0x0000000000000d01  PAT = 0x0407050600070106
      DebugCtl = 0x0000000000000000  DebugExceptions = 0x0000000000000000
      Interruptibility = 00000000  ActivityState = 00000000
      *** Host State ***
      RIP = 0xffffffffc0a3b9d0  RSP = 0xffffb3c5019dfbf8
      CS=0010 SS=0018 DS=0000 ES=0000 FS=0000 GS=0000 TR=0040
      FSBase=00007fd0c8ff9700 GSBase=ffff9c1f2fc80000 TRBase=fffffe0000141000
      GDTBase=fffffe000013f000 IDTBase=fffffe0000000000
      CR0=0000000080050033 CR3=000000010a4a2003 CR4=00000000001626f0
      Sysenter RSP=fffffe0000141200 CS:RIP=0010:ffffffff81a015b0
      EFER = 0x0000000000000d01  PAT = 0x0407050600070106
      *** Control State ***
      PinBased=0000003f CPUBased=b5a06dfa SecondaryExec=000014eb
      EntryControls=0000d3ff ExitControls=002befff
      ExceptionBitmap=00060042 PFECmask=00000000 PFECmatch=00000000
      VMEntry: intr_info=800000d1 errcode=00000000 ilen=00000000
      VMExit: intr_info=00000000 errcode=00000000 ilen=00000002
              reason=80000021 qualification=0000000000000000
      IDTVectoring: info=00000000 errcode=00000000
      TSC Offset = 0xffffe2d5a1c4b6f0
      TPR Threshold = 0x00
      EPT pointer = 0x000000011a5e705e
      PLE Gap=00000080 Window=00001000
      Virtual processor ID = 0x0001
      """;

  /** The two lines that KVM 6.x prints of the controls in place of the older two. */
  static final String NEW_CONTROLS =
      """
      CPUBased=0xb5a26dfa SecondaryExec=0x000014eb TertiaryExec=0x0000000000000010
      PinBased=0x0000003f EntryControls=0000d3ff ExitControls=002befff
      """;

  static final String XEN_SEGMENTS =
      """
      (XEN) ************* VMCS Area **************
      (XEN) *** Guest State ***
      (XEN) RSP = 0xffff880018cf7f50 (0xffff880018cf7f51)  RIP = 0xffffffff8184f058 (0xffff)
      (XEN)        sel  attr  limit   base
      (XEN)   CS: 0010 0a09b ffffffff 0000000000000000
      (XEN)   FS: 0000 1c000 ffffffff 00007fdb9d9c2700
      (XEN) GDTR:            0000007f ffff88001f40c000
      (XEN)   TR: 0040 0008b 0000206f ffff88001f404a40
      (XEN) **************************************
      (XEN) domain_crash called from vmx.c:3411
      """;

  /** Lines of Xen up to 4.6 that look otherwise than today's. */
  static final String OLD_XEN =
      """
      (XEN) ************* VMCS Area **************
      (XEN) *** Guest State ***
      (XEN) CR3: actual=0x00000000066a4000, target_count=0
      (XEN)      target0=0000000000000000, target1=0000000000000000
      (XEN)      target2=0000000000000000, target3=0000000000000000
      (XEN) RFLAGS=0x0000000000033002 (0x0000000000033002)  DR7 = 0x0000000000000400
      (XEN) CS: sel=0x0018, attr=0x0009b, limit=0x0000ffff, base=0x000000000009d600
      (XEN) Guest PAT = 0x0007040600070406
      (XEN) TSC Offset = ffffff5c0d19a2e4
      (XEN) DebugCtl=0000000000000000 DebugExceptions=0000000000000040
      (XEN) Interruptibility=0003 ActivityState=0001
      (XEN) *** Host State ***
      (XEN) RSP = 0xffff830000001000  RIP = 0xffff828c00002000
      (XEN) CS=e008 DS=e018 ES=0000 FS=0000 GS=0000 SS=0010 TR=e040
      (XEN) Host PAT = 0x0000000000000000
      (XEN) *** Control State ***
      (XEN) ExceptionBitmap=000040c0
      (XEN) VMExit: intr_info=00000000 errcode=00000000 ilen=00000000
      (XEN)         reason=80000021 qualification=00000002
      (XEN) **************************************
      """;

  private DumpTexts() {}

  /** {@link #OLD_KVM} as KVM 6.x writes it into the kernel's log. */
  static String newKvm() {
    List<String> lines = new ArrayList<>();
    lines.add("VMCS 00000000f971be22, last attempted VM-entry on CPU 3");
    for (String line : OLD_KVM.lines().toList()) {
      if (line.startsWith("PinBased")) {
        lines.addAll(NEW_CONTROLS.lines().toList());
      } else if (line.startsWith("EFER = ") && lines.size() < 25) {
        lines.add("EFER= 0x0000000000000d01");
        lines.add("PAT = 0x0407050600070106");
      } else if (!line.startsWith("EntryControls")) {
        lines.add(line);
      }
    }
    StringBuilder log = new StringBuilder();
    for (String line : lines) {
      log.append("[  673.850218] kvm_intel: ").append(line).append('\n');
    }
    return log.toString();
  }
}
