package io.vmxsim.cli;

import io.vmxsim.traces.TraceReader;
import java.util.function.LongConsumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * A line on standard error that says how much of a trace is read; it is told the bytes. Nothing is
 * drawn unless the launcher says that standard error is a terminal, which Java cannot tell.
 */
final class ProgressLine implements LongConsumer, AutoCloseable {
  private static final int COLUMNS = 79;
  private static final int MILLIS_BETWEEN_UPDATES = 250;
  private static final long MEGABYTE = 1_000_000;

  private final @Nullable ProgressBar bar;

  ProgressLine(TraceReader reader) {
    bar =
        Boolean.getBoolean("vmxsim.terminal")
            ? new ProgressBarBuilder()
                .setTaskName(reader.source())
                .setInitialMax(reader.bytesTotal())
                .setUnit(" MB", MEGABYTE)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(MILLIS_BETWEEN_UPDATES)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, COLUMNS))
                .clearDisplayOnFinish()
                .build()
            : null;
  }

  @Override
  public void accept(long bytesRead) {
    if (bar != null) {
      bar.stepTo(bytesRead);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
