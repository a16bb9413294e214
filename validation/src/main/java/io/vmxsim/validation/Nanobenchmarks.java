package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import io.vmxsim.vmm.VmPaging;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * Table B1: a guest of our own that does what each nanobenchmark of Adams and Agesen does, on the
 * bare machine and under the VMM with shadow paging. The profile has the paper's Table 1, and three
 * prices of it are fitted: {@code instruction.port-io} to in and {@code exception.delivery} with
 * {@code iret} to divzero, both native, and {@code handler.EXCEPTION_NMI} to pgfault under VT-x. A
 * row that holds by such a fit is calibrated.
 *
 * <p>The VMM never takes repeated writes of a page table for a flood here: one that did would exit
 * twice and then no more.
 */
final class Nanobenchmarks {
  private static final String SOURCE = "Adams and Agesen, ASPLOS 2006";
  private static final String CPU = "pentium4-672";
  private static final int ROUNDS = 200;
  private static final double FITTED = 0.05;

  /** The band of what is predicted: our judgement. */
  private static final double JUDGED = 0.25;

  private static final String DEVICE =
      "the price of the way to a device model in user space is KVM's on another CPU, scaled; that"
          + " monitor's model of a port was nearer";

  /** What the guest does, in the order of its parameter {@code what}. */
  private enum Operation {
    NOTHING,
    SYSCALL,
    IN,
    CALL_RET,
    PGFAULT,
    DIVZERO,
    PTEMOD;

    /** The paper's name. */
    String label() {
      return this == CALL_RET ? "call/ret" : name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One round of an operation.
   *
   * @param cycles without those of the loop
   */
  private record Round(double cycles, double exits) {}

  /** The rounds on the bare machine or under the VMM, each run when first asked for. */
  private static final class Rounds {
    static final Rounds NATIVE = new Rounds(false);
    static final Rounds VT_X = new Rounds(true);

    private final Map<Operation, Round> known = new EnumMap<>(Operation.class);
    private final boolean virtual;

    private Rounds(boolean virtual) {
      this.virtual = virtual;
    }

    double cycles(Operation operation) {
      return round(operation).cycles - round(Operation.NOTHING).cycles;
    }

    double exits(Operation operation) {
      return round(operation).exits;
    }

    private Round round(Operation operation) {
      return known.computeIfAbsent(operation, this::run);
    }

    private Round run(Operation operation) {
      GuestRun once = run(operation, ROUNDS);
      GuestRun twice = run(operation, 2 * ROUNDS);
      return new Round(
          (double) (twice.cycles() - once.cycles()) / ROUNDS,
          (double) (twice.exits() - once.exits()) / ROUNDS);
    }

    @SuppressWarnings("EnumOrdinal") // the guest counts as the enum does
    private GuestRun run(Operation operation, int rounds) {
      VmOptions options =
          new VmOptions(
              VmPaging.SHADOW,
              PageSize.SIZE_4K,
              ShadowPolicy.UPDATE,
              false,
              VmOptions.DEFAULT_CACHED_ROOTS,
              0,
              0);
      return GuestRun.of(
          "nanobenchmarks",
          "rounds=%d what=%d".formatted(rounds, operation.ordinal()),
          CpuProfile.named(CPU),
          virtual ? new Hypervisor(options) : Platform.BARE);
    }
  }

  private Nanobenchmarks() {}

  static List<PublishedRow> rows() {
    return List.of(
        fitted(Rounds.NATIVE, Operation.IN, 3209),
        fitted(Rounds.NATIVE, Operation.DIVZERO, 889),
        fitted(Rounds.VT_X, Operation.PGFAULT, 11_242),
        predicted(Rounds.NATIVE, Operation.PGFAULT, 1093, ""),
        predicted(Rounds.VT_X, Operation.DIVZERO, 1014, ""),
        predicted(Rounds.VT_X, Operation.PTEMOD, 12_733, ""),
        predicted(Rounds.VT_X, Operation.IN, 15_826, DEVICE),
        exits(Operation.DIVZERO),
        exits(Operation.CALL_RET),
        exits(Operation.SYSCALL),
        same(Operation.CALL_RET),
        same(Operation.SYSCALL),
        above(Rounds.VT_X, Operation.PGFAULT, Label.CALIBRATED, 3927),
        below(Rounds.NATIVE, Operation.PGFAULT, Label.SHAPE, 3927),
        above(Rounds.VT_X, Operation.PTEMOD, Label.SHAPE, 391),
        below(Rounds.NATIVE, Operation.PTEMOD, Label.SHAPE, 391),
        above(Rounds.VT_X, Operation.IN, Label.SHAPE, 3209),
        above(Rounds.NATIVE, Operation.IN, Label.CALIBRATED, 214),
        translated(Operation.IN, 214),
        translated(Operation.CALL_RET, 51),
        translated(Operation.PGFAULT, 3927),
        translated(Operation.DIVZERO, 3223),
        translated(Operation.PTEMOD, 391));
  }

  private static PublishedRow translated(Operation operation, long published) {
    return PublishedRow.notRun(
        operation.label() + ", binary translation",
        Label.QUOTED,
        Expectation.equal(published),
        "cycles",
        SOURCE,
        Grade.SECONDARY,
        "binary translation is not modelled");
  }

  private static PublishedRow fitted(Rounds where, Operation operation, double published) {
    return cycles(where, operation, Label.CALIBRATED, Expectation.near(published, FITTED), "", "");
  }

  private static PublishedRow predicted(
      Rounds where, Operation operation, double published, String cause) {
    return cycles(
        where, operation, Label.PREDICTED, Expectation.near(published, JUDGED), "", cause);
  }

  private static PublishedRow above(
      Rounds where, Operation operation, Label label, double published) {
    String than = (published == 3209 ? " above native's " : " above translation's ");
    return bound(where, operation, label, Expectation.above(published), than);
  }

  private static PublishedRow below(
      Rounds where, Operation operation, Label label, double published) {
    return bound(where, operation, label, Expectation.below(published), " below translation's ");
  }

  private static PublishedRow bound(
      Rounds where, Operation operation, Label label, Expectation published, String than) {
    return cycles(
        where, operation, label, published, than + Expectation.number(published.value()), "");
  }

  private static PublishedRow cycles(
      Rounds where,
      Operation operation,
      Label label,
      Expectation published,
      String suffix,
      String cause) {
    String name = operation.label() + (where.virtual ? ", VT-x without EPT" : ", native") + suffix;
    DoubleSupplier ours = () -> where.cycles(operation);
    return new PublishedRow(name, label, published, "cycles", SOURCE, Grade.SECONDARY, ours, cause);
  }

  private static PublishedRow exits(Operation operation) {
    return PublishedRow.exact(
        operation.label() + ", VT-x without EPT",
        0,
        "exits",
        SOURCE,
        Grade.SECONDARY,
        () -> Rounds.VT_X.exits(operation));
  }

  /** VT-x has the same number as native. */
  private static PublishedRow same(Operation operation) {
    return PublishedRow.shape(
        operation.label() + ", VT-x without EPT less native",
        Expectation.equal(0),
        "cycles",
        SOURCE,
        Grade.SECONDARY,
        () -> Rounds.VT_X.cycles(operation) - Rounds.NATIVE.cycles(operation));
  }
}
