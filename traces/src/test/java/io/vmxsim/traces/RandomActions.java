package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.util.Random;

/** Batches of any well-formed actions, with the locality real traces have and without. */
final class RandomActions {
  private static final ActionKind[] KINDS = ActionKind.values();

  private RandomActions() {}

  static void fill(ActionBatch batch, Random random, int count) {
    batch.clear();
    byte[] code = new byte[15];
    long near = address(random);
    for (int i = 0; i < count; i++) {
      ActionKind kind =
          random.nextInt(4) == 0 ? KINDS[random.nextInt(KINDS.length)] : KINDS[random.nextInt(3)];
      long address = random.nextBoolean() ? near + random.nextInt(256) : address(random);
      int size = size(kind, random);
      if (kind == ActionKind.INSTRUCTION && size > 0 && random.nextBoolean()) {
        // Few different bytes, so that the same address meets the same and other ones.
        code[0] = (byte) random.nextInt(2);
        batch.addInstruction(address, code, 0, size);
      } else {
        batch.add(kind, size, operand(kind, address), value(kind, random));
      }
    }
  }

  private static long address(Random random) {
    return random.nextLong() >> (16 + random.nextInt(41));
  }

  private static int size(ActionKind kind, Random random) {
    return switch (kind) {
      case INSTRUCTION -> random.nextInt(16);
      case LOAD, STORE -> random.nextBoolean() ? 8 : 1 + random.nextInt(255);
      case STORE_VALUE -> 1 << random.nextInt(4);
      case IN, OUT -> 1 << random.nextInt(3);
      case MOV_TO_CR, MOV_FROM_CR, INITIAL_CR -> new int[] {0, 3, 4, 8}[random.nextInt(4)];
      case MOV_TO_DR, MOV_FROM_DR -> random.nextInt(8);
      case SET_CPL, INVPCID -> random.nextInt(4);
      case EXCEPTION -> random.nextInt(32);
      case HOST_EVENT -> new int[] {1, 7, 8, 52}[random.nextInt(4)];
      case SET_CODE_SIZE -> 2 << random.nextInt(3);
      case INTERRUPT -> random.nextInt(256);
      default -> 0;
    };
  }

  private static long operand(ActionKind kind, long address) {
    return switch (kind) {
      case IN, OUT -> address & 0xffff;
      case CPUID, RDMSR, WRMSR, XSETBV, RDPMC, INITIAL_MSR -> address & 0xffff_ffffL;
      case INTERRUPT -> (address & 1) == 0 ? 0 : ActionKind.DELIVERED + (address & 4);
      case INITIAL_MEMORY -> address & 0xf_ffff_ffff_fff8L;
      default -> address;
    };
  }

  private static long value(ActionKind kind, Random random) {
    return switch (kind) {
      case INSTRUCTION -> ActionBatch.NO_BYTES;
      case LOAD, STORE -> 0;
      case WORK -> 1 + random.nextInt(1000);
      default -> random.nextLong() >> random.nextInt(64);
    };
  }
}
