package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsRegion;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The VMCSs that are active on one processor, by the physical address of their regions ("Software
 * Access to VMCS Structures", 24.11.1). A region in memory is read when VMPTRLD makes the VMCS
 * active and written when VMCLEAR makes it inactive. One that is active on two processors may
 * become corrupted, so software that gets there is told.
 */
final class ActiveVmcss {
  private final PhysicalMemory memory;
  private final VmxCapabilities capabilities;
  private final VmcsRegion region;
  private final Map<Long, Vmcs> active = new HashMap<>();
  private final Set<Vmcs> launchedBeforeVmxoff = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Where each VMCS is active, on whichever processor of the machine. */
  private Map<Long, ActiveVmcss> owners = new HashMap<>();

  ActiveVmcss(PhysicalMemory memory, VmxCapabilities capabilities) {
    this.memory = memory;
    this.capabilities = capabilities;
    region = new VmcsRegion(capabilities);
  }

  /** They are those of the processors of one machine, with one memory. */
  static void ofOneMachine(List<ActiveVmcss> all) {
    Map<Long, ActiveVmcss> owners = new HashMap<>();
    all.forEach(one -> one.owners = owners);
  }

  /**
   * VMPTRLD of a VMCS.
   *
   * @throws NotModelledException if it is active on another processor
   */
  Vmcs activate(long address, long rip) {
    use(address, "VMPTRLD", rip);
    return active.computeIfAbsent(address, this::fromMemory);
  }

  /** The shadow VMCS that a VMCS link pointer leads to. */
  Vmcs linked(long address) {
    return active.computeIfAbsent(address, this::fromMemory);
  }

  /**
   * VMCLEAR: the VMCS is in memory, launch state clear, and active nowhere.
   *
   * @throws NotModelledException if it is active on another processor
   */
  void clear(long address, long rip) {
    use(address, "VMCLEAR", rip);
    owners.remove(address);
    Vmcs vmcs = active.remove(address);
    if (vmcs == null) {
      vmcs = fromMemory(address);
    }
    vmcs.setLaunched(false);
    byte[] image = new byte[VmcsRegion.SIZE];
    memory.readBytes(address, image, 0, image.length);
    region.store(vmcs, image);
    memory.writeBytes(address, image, 0, image.length);
    launchedBeforeVmxoff.remove(vmcs);
  }

  /** VMXOFF: none stays active, though what was launched is remembered. */
  void leaveVmxOperation() {
    for (Vmcs vmcs : active.values()) {
      if (vmcs.launched()) {
        launchedBeforeVmxoff.add(vmcs);
      }
    }
    owners.values().removeIf(other -> other == this);
  }

  /** Whether VMXOFF came between the VMLAUNCH of that VMCS and now. */
  boolean launchedBeforeVmxoff(Vmcs vmcs) {
    return !launchedBeforeVmxoff.isEmpty() && launchedBeforeVmxoff.contains(vmcs);
  }

  /** 4-KByte aligned, within the physical-address width (and 32 bits if the CPU is so limited). */
  boolean isStructureAddress(long address) {
    int width = capabilities.limitsAddressesTo32Bits() ? 32 : memory.addressBits();
    return (address & VmcsRegion.SIZE - 1) == 0 && address >>> width == 0;
  }

  private void use(long address, String instruction, long rip) {
    ActiveVmcss owner = owners.putIfAbsent(address, this);
    if (owner != null && owner != this) {
      throw new NotModelledException(
          String.format(
              "%s of the VMCS at 0x%x, which is active on another processor: it needs a VMCLEAR"
                  + " there first",
              instruction, address),
          rip);
    }
  }

  /**
   * A VMCS that was never VMCLEARed has no valid data yet; ours then reads as the region stands.
   */
  private Vmcs fromMemory(long address) {
    byte[] image = new byte[VmcsRegion.SIZE];
    memory.readBytes(address, image, 0, image.length);
    Vmcs vmcs = new Vmcs(capabilities.revisionId());
    region.load(image, vmcs);
    return vmcs;
  }
}
