package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.decode.Instruction;

/**
 * AES, carry-less products, Galois-field arithmetic and SHA on vector registers (volume 1, 5.11
 * "AESNI and PCLMULQDQ" and 5.18 "Intel SHA Extensions"). Wide forms work on each 16 bytes.
 */
final class CryptoOperations {
  private static final int XMM = 16;

  private final VectorOperands vectors;
  private final Aes aes = new Aes();
  private final long[] first;
  private final long[] second;
  private final long[] result;
  private final long[] constants = new long[4];

  CryptoOperations(VectorOperands vectors) {
    this.vectors = vectors;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
  }

  void execute(Instruction in) {
    vectors.require(in);
    vectors.loadBoth(in);
    switch (in.op) {
      case AESIMC -> aes.unmix(second, result);
      case AESKEYGENASSIST -> Aes.expand(second, (int) in.immediate & 0xff, result);
      case SHA1RNDS4 -> Sha.fourRounds(first, second, (int) in.immediate & 3, result);
      case SHA1NEXTE -> Sha.nextE(first, second, result);
      case SHA1MSG1 -> Sha.message1(first, second, result);
      case SHA1MSG2 -> Sha.message2(first, second, result);
      case SHA256RNDS2 -> {
        vectors.fetch(0, XMM, constants);
        Sha.twoRounds(first, second, constants, result);
      }
      case SHA256MSG1 -> Sha.message256First(first, second, result);
      case SHA256MSG2 -> Sha.message256Second(first, second, result);
      default -> wide(in);
    }
    vectors.store(in);
  }

  private void wide(Instruction in) {
    for (int at = 0; at < in.operandSize / 8; at += 2) {
      switch (in.op) {
        case AESENC -> aes.encrypt(first, second, at, false, result);
        case AESENCLAST -> aes.encrypt(first, second, at, true, result);
        case AESDEC -> aes.decrypt(first, second, at, false, result);
        case AESDECLAST -> aes.decrypt(first, second, at, true, result);
        case PCLMULQDQ -> {
          long a = first[at + (int) (in.immediate & 1)];
          long b = second[at + (int) (in.immediate >>> 4 & 1)];
          result[at] = GaloisField.multiplyLow(a, b);
          result[at + 1] = GaloisField.multiplyHigh(a, b);
        }
        default -> bytes(in, 8 * at);
      }
    }
  }

  /** GF2P8MULB and the affine transformations, whose matrices are the other operand's longs. */
  private void bytes(Instruction in, int from) {
    int constant = (int) in.immediate & 0xff;
    for (int i = from; i < from + XMM; i++) {
      int x = (int) element(first, i, 1);
      long matrix = second[i / 8];
      int value =
          switch (in.op) {
            case GF2P8MULB -> GaloisField.multiply(x, (int) element(second, i, 1));
            case GF2P8AFFINEQB -> GaloisField.affine(matrix, x, constant);
            case GF2P8AFFINEINVQB -> GaloisField.affine(matrix, GaloisField.inverse(x), constant);
            default -> throw vectors.notModelled(in);
          };
      put(result, i, 1, value);
    }
  }
}
