package io.vmxsim.ept;

/**
 * The contexts an operation covers, decided for each when an entry of it is met: an invalidation
 * then costs what the caches hold, however many contexts have ever been numbered.
 */
final class CoveredContexts {
  private final TranslationContexts contexts;

  /** By context, the operation it was last decided for, and how. */
  private final int[] decidedFor = new int[TranslationContexts.CAPACITY];

  private final boolean[] decision = new boolean[TranslationContexts.CAPACITY];

  /** Number of the operation. */
  private int operation;

  private Invalidation row = Invalidation.INVLPG;
  private Association current = new Association(0, 0, Association.NO_EPT);
  private Association operand = current;

  CoveredContexts(TranslationContexts contexts) {
    this.contexts = contexts;
  }

  /** The operation is that of a row of {@link Invalidation}. */
  void choose(Invalidation newRow, Association newCurrent, Association newOperand) {
    operation++;
    row = newRow;
    current = newCurrent;
    operand = newOperand;
  }

  boolean contain(int context) {
    if (decidedFor[context] != operation) {
      decidedFor[context] = operation;
      decision[context] = row.covers(contexts.association(context), current, operand);
    }
    return decision[context];
  }
}
