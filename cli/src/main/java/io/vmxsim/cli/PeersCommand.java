package io.vmxsim.cli;

import io.vmxsim.validation.peers.BochsComparison;
import io.vmxsim.validation.peers.PeerRow;
import io.vmxsim.validation.peers.WalksOnQemu;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Runs beside other simulators. */
@Command(
    name = "peers",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs guests of our own on Bochs and compares what they print and their VM exits; compares"
          + " walks of random page tables with QEMU's. A peer that is not installed is skipped."
          + " docs/peers.md judges the differences.",
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:nothing differs but what is judged", "1:something else differs"})
final class PeersCommand implements Callable<Integer> {
  private enum Peer {
    BOCHS,
    QEMU
  }

  static final class PeerChoice extends Choice<Peer> {
    PeerChoice() {
      super(Peer.values(), Peer::name);
    }
  }

  @Parameters(
      paramLabel = "PEER",
      arity = "0..*",
      completionCandidates = PeerChoice.class,
      description = "Any of ${COMPLETION-CANDIDATES}; both by default.")
  private List<String> peers = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The first seed of the page tables; 1 by default.")
  private long seed = 1;

  @Option(
      names = "--tables",
      paramLabel = "N",
      description = "How many page tables of each paging mode; 25 by default.")
  private int tables = 25;

  @Spec private CommandSpec spec;

  private boolean different;

  @Override
  public Integer call() {
    for (Peer peer : chosen()) {
      switch (peer) {
        case BOCHS -> BochsComparison.run(this::print);
        case QEMU -> WalksOnQemu.run(seed, tables, this::print);
      }
    }
    return different ? ExitCode.BROKEN : ExitCode.FINE;
  }

  private void print(PeerRow row) {
    different |= row.verdict() == PeerRow.Verdict.DIFFERENT;
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%-28s %-10s %s%n",
        row.name(), row.verdict().name().toLowerCase(Locale.ROOT), row.detail());
    out.flush();
  }

  /** Picocli takes a bad value of an optional parameter for a parameter too many. */
  private List<Peer> chosen() {
    if (peers.isEmpty()) {
      return Arrays.asList(Peer.values());
    }
    try {
      return peers.stream().map(new PeerChoice()::convert).toList();
    } catch (TypeConversionException e) {
      throw new ParameterException(spec.commandLine(), "PEER: " + e.getMessage(), e);
    }
  }
}
