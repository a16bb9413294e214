package io.vmxsim.vmm;

import io.vmxsim.ept.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A virtual machine: the memory its guest sees, and where the VMM keeps what it needs for it. */
public final class Vm {
  /**
   * Host-physical memory below the guest's when {@link #of} lays memory out, in bytes: the VMM's
   * own frames come from 1 MiB up to here.
   */
  public static final long RESERVED_FOR_HOST = 1L << 32;

  private static final long FRAMES_BASE = 1L << 20;

  private final PhysicalMemory memory;
  private final HostFrames frames;
  private final List<MemorySlot> slots = new ArrayList<>();
  private @Nullable MemorySlot last;
  private @Nullable SharedShadows shadows;

  /** A machine without guest memory; see {@link #addSlot}. */
  public Vm(PhysicalMemory memory, HostFrames frames) {
    this.memory = memory;
    this.frames = frames;
  }

  /**
   * A machine with one slot from guest-physical 0 on, {@code guestBytes} long, backed from
   * host-physical 4 GiB on: aligned for pages of any size.
   */
  public static Vm of(PhysicalMemory memory, long guestBytes) {
    Vm vm = new Vm(memory, new HostFrames(memory, FRAMES_BASE, RESERVED_FOR_HOST));
    vm.addSlot(new MemorySlot(0, guestBytes, RESERVED_FOR_HOST));
    return vm;
  }

  /**
   * Gives the guest memory.
   *
   * @throws IllegalArgumentException if the slot overlaps another, or ends beyond the host's memory
   */
  public void addSlot(MemorySlot slot) {
    long hostEnd = slot.hostBase() + slot.size();
    if (hostEnd > 1L << memory.addressBits() || slots.stream().anyMatch(slot::overlaps)) {
      throw new IllegalArgumentException("no room for " + slot);
    }
    slots.add(slot);
  }

  /** The guest's memory slots, in the order they were added. */
  public List<MemorySlot> slots() {
    return List.copyOf(slots);
  }

  /** The slot that holds {@code guestPhysical}; null if there is no memory at that address. */
  public @Nullable MemorySlot slot(long guestPhysical) {
    MemorySlot hit = last;
    if (hit != null && hit.contains(guestPhysical)) {
      return hit;
    }
    for (MemorySlot slot : slots) {
      if (slot.contains(guestPhysical)) {
        last = slot;
        return slot;
      }
    }
    return null;
  }

  /** Whether there is memory at {@code guestPhysical}. */
  public boolean hasMemory(long guestPhysical) {
    return slot(guestPhysical) != null;
  }

  /**
   * The host-physical address behind {@code guestPhysical}.
   *
   * @throws IllegalStateException if there is no memory at that address; callers have asked
   */
  public long toHost(long guestPhysical) {
    MemorySlot slot = slot(guestPhysical);
    if (slot == null) {
      throw new IllegalStateException("no memory at guest-physical %#x".formatted(guestPhysical));
    }
    return slot.toHost(guestPhysical);
  }

  /** Host-physical memory. */
  public PhysicalMemory memory() {
    return memory;
  }

  /** The frames of host memory that are the VMM's. */
  public HostFrames frames() {
    return frames;
  }

  /** The shadow paging structures of all its processors; {@code first} pays for making them. */
  SharedShadows shadows(VmOptions options, Charges first) {
    if (shadows == null) {
      shadows = new SharedShadows(this, options, first);
    }
    return shadows;
  }
}
