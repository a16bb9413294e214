package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.Cycles;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.NestedWalk;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;

/**
 * A guest's memory and a shadow MMU without a processor around them: the hardware is a plain walk
 * of the shadow tables, and the truth is a walk of the guest's own.
 */
final class ShadowedGuest {
  static final int ADDRESS_BITS = 46;
  static final long MEMORY = 256L << 20;

  /** Guest-physical memory from here on is backed at addresses that fit no large page. */
  static final long MISALIGNED = MEMORY;

  private static final int FAULTS_AT_MOST = 12;

  final Vm vm;
  final PagingState state = new PagingState(ADDRESS_BITS);
  final ShadowMmu mmu;
  int faultsSeen;

  private final PagingState hardware = new PagingState(ADDRESS_BITS);
  private final GuestWalk shadowWalk;
  private final NestedWalk guestWalk;
  private final EptFeatures features = EptFeatures.all(ADDRESS_BITS);
  private final long slots;
  private final WalkResult result = new WalkResult();
  private final boolean bypass;

  ShadowedGuest(VmOptions options) {
    PhysicalMemory memory = new PhysicalMemory(ADDRESS_BITS);
    vm = new Vm(memory, new HostFrames(memory, 1 << 20, 1L << 32));
    vm.addSlot(new MemorySlot(0, MEMORY, 1L << 32));
    vm.addSlot(new MemorySlot(MISALIGNED, 16 << 20, (5L << 30) + 0x3000));
    Charges charges = new Charges(CpuProfile.named("skylake-sp").costs(), new Cycles());
    mmu = new ShadowMmu(vm, options, charges, new GuestTables(vm, charges, state), true);
    bypass = options.shadowPolicy().bypassesNotPresent();
    shadowWalk = new GuestWalk(memory, null, null);
    guestWalk = new NestedWalk(memory, null, null);
    EptTables image = new EptTables(vm, 4);
    for (long at = 0; at < MEMORY + (16 << 20); at += 4096) {
      image.map(at, vm.toHost(at), PageSize.SIZE_4K);
    }
    slots = image.pointer(false);
  }

  static VmOptions options(ShadowPolicy policy, boolean unsync) {
    return VmOptions.shadow(policy, PageSize.SIZE_1G).withUnsync(unsync);
  }

  /** Writes guest memory behind the shadow's back, as a loader would. */
  void poke(long guestPhysical, long value) {
    vm.memory().write64(vm.toHost(guestPhysical), value);
  }

  long peek(long guestPhysical) {
    return vm.memory().read64(vm.toHost(guestPhysical));
  }

  /** What the guest's own tables say: "ok ADDRESS", "fault CODE" or "no memory". */
  String truth(long linear, int access) {
    WalkResult.Status status = guestWalk.walk(state, slots, features, linear, access, result);
    return switch (status) {
      case OK -> "ok %x".formatted(result.physicalAddress());
      case PAGE_FAULT -> "fault %x".formatted(result.pageFaultErrorCode());
      default -> "no memory";
    };
  }

  /** How many answers were "ok". */
  int allowed;

  /** The same through the shadow, faults answered by the VMM as long as it can. */
  String access(long linear, int access) {
    return access(linear, access, 0, 0);
  }

  /** A store of {@code size} bytes by the guest, which must be allowed. */
  void store(long linear, long value, int size) {
    String outcome = access(linear, Access.WRITE, size, value);
    if (!outcome.startsWith("ok")) {
      throw new AssertionError("store to %x: %s".formatted(linear, outcome));
    }
  }

  private String access(long linear, int access, int size, long value) {
    for (int i = 0; i < FAULTS_AT_MOST; i++) {
      enterHardware();
      WalkResult.Status status = shadowWalk.walk(hardware, linear, access, result);
      result.applyUpdates(vm.memory());
      if (status == WalkResult.Status.OK) {
        write(result.physicalAddress(), size, value);
        allowed++;
        return "ok %x".formatted(result.physicalAddress());
      }
      int code = result.pageFaultErrorCode();
      if (bypass && (code & mmu.exitingFaults()) == 0) {
        return "fault %x".formatted(code);
      }
      faultsSeen++;
      ShadowMmu.Fault fault = mmu.pageFault(linear, code);
      if (fault != ShadowMmu.Fault.RETRY) {
        return answer(fault, linear, access, size, value);
      }
    }
    throw new AssertionError("no end of faults at %x".formatted(linear));
  }

  private String answer(ShadowMmu.Fault fault, long linear, int access, int size, long value) {
    return switch (fault) {
      case GUEST -> "fault %x".formatted(mmu.guestErrorCode());
      case NO_MEMORY -> "no memory";
      default -> {
        String permitted = truth(linear, access);
        write(result.physicalAddress(), size, value);
        if (size > 0) {
          mmu.guestWrote(result.guestPhysicalAddress(), size);
        }
        yield permitted;
      }
    };
  }

  private void write(long host, int size, long value) {
    if (size == 8) {
      vm.memory().write64(host, value);
    } else if (size == 4) {
      vm.memory().write32(host, (int) value);
    }
  }

  /** The registers that the VMM runs the processor with. */
  private void enterHardware() {
    hardware.setControlRegisters(
        ShadowMmu.hardwareCr0(state.cr0()),
        mmu.hardwareCr3(),
        ShadowMmu.hardwareCr4(state.cr4()),
        ShadowMmu.hardwareEfer(state.efer()));
    hardware.setRflagsAc(state.rflagsAc());
    for (int i = 0; i < 4 && hardware.mode() == PagingMode.PAE; i++) {
      hardware.setPdpte(i, vm.memory().read64(hardware.cr3() + 8L * i));
    }
  }

  /** MOV to CR3. */
  void loadCr3(long cr3) {
    state.setCr3(cr3);
    for (int i = 0; i < 4 && state.mode() == PagingMode.PAE; i++) {
      state.setPdpte(i, peek(cr3 + 8L * i));
    }
    mmu.loadRoot();
  }
}
