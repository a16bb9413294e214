package io.vmxsim.traces.html;

import static io.vmxsim.traces.TextTable.grouped;

import io.vmxsim.ept.WalkGrid;
import io.vmxsim.traces.ExitTimeline.Timeline;
import io.vmxsim.traces.ReplayResult.Cycles;
import java.util.List;

/** The pictures of a report. */
final class Charts {
  private static final int WIDTH = 1000;
  private static final int ROW = 22;

  /** The shares of a bar, in the order drawn. */
  enum Cause {
    GUEST("guest", "#4c78a8"),
    TRANSLATION("translation", "#72b7b2"),
    EXIT("exit", "#e4a03c"),
    VMM("vmm", "#d1605e");

    final String label;
    final String colour;

    Cause(String label, String colour) {
      this.label = label;
      this.colour = colour;
    }

    long of(Cycles cycles) {
      return switch (this) {
        case GUEST -> cycles.guest();
        case TRANSLATION -> cycles.translation();
        case EXIT -> cycles.exit();
        case VMM -> cycles.vmm();
      };
    }
  }

  /** A name and what it cost. */
  record Bar(String name, Cycles cycles) {}

  private Charts() {}

  /** A bar for each run, of its cycles by cause. */
  static String cycles(List<Bar> bars) {
    int left = 130;
    int right = 110;
    long most = Math.max(1, bars.stream().mapToLong(bar -> bar.cycles().total()).max().orElse(1));
    Svg svg = new Svg(WIDTH, (bars.size() + 1) * ROW + 8, "cycles by cause");
    int x = left;
    for (Cause cause : Cause.values()) {
      svg.box(x, 4, 11, 11, cause.colour, cause.label);
      svg.label(x + 16, 14, cause.label);
      x += 110;
    }
    double y = ROW + 4;
    for (Bar bar : bars) {
      svg.label(left - 8, y + 13, "end", bar.name());
      double at = left;
      for (Cause cause : Cause.values()) {
        double width = (double) cause.of(bar.cycles()) / most * (WIDTH - left - right);
        String share = Svg.text("%.1f%%", percent(cause.of(bar.cycles()), bar.cycles().total()));
        svg.box(
            at,
            y,
            width,
            ROW - 5,
            cause.colour,
            cause.label + ": " + grouped(cause.of(bar.cycles())) + " cycles, " + share);
        at += width;
      }
      svg.label(at + 6, y + 13, grouped(bar.cycles().total()));
      y += ROW;
    }
    return svg.toString();
  }

  /** Exits of each reason over time, stacked. */
  static String timeline(Timeline timeline, Palette palette) {
    int height = 170;
    int top = 10;
    int bottom = 26;
    int left = 60;
    int slices = timeline.slices();
    long most = 1;
    for (int i = 0; i < slices; i++) {
      most = Math.max(most, sum(timeline, i));
    }
    Svg svg = new Svg(WIDTH, height, "VM exits over time");
    svg.line(left, height - bottom, WIDTH - 10, height - bottom);
    svg.line(left, top, WIDTH - 10, top);
    svg.label(left - 8, top + 4, "end", grouped(most));
    svg.label(left - 8, height - bottom, "end", "0");
    double width = (double) (WIDTH - 10 - left) / Math.max(1, slices);
    for (int i = 0; i < slices; i++) {
      double y = height - bottom;
      for (Timeline.Row row : timeline.rows()) {
        double part = (double) row.counts().get(i) / most * (height - bottom - top);
        y -= part;
        if (part > 0) {
          String what = row.reason() + ": " + grouped(row.counts().get(i)) + " exits";
          svg.box(left + i * width, y, width * 0.9, part, palette.of(row.reason()), what);
        }
      }
    }
    svg.label(left, height - 8, "0");
    svg.label(WIDTH - 10, height - 8, "end", grouped(slices * timeline.sliceLength()) + " cycles");
    return svg.toString();
  }

  private static long sum(Timeline timeline, int slice) {
    return timeline.rows().stream().mapToLong(row -> row.counts().get(slice)).sum();
  }

  /** The colours of exit reasons. */
  static String legend(Palette palette) {
    int columns = 4;
    int rows = (palette.reasons().size() + columns - 1) / columns;
    Svg svg = new Svg(WIDTH, rows * 18 + 4, "colours of exit reasons");
    int i = 0;
    for (String reason : palette.reasons()) {
      double x = 60 + (i % columns) * 235.0;
      double y = i / columns * 18 + 4.0;
      svg.box(x, y, 11, 11, palette.of(reason), reason);
      svg.label(x + 16, y + 10, reason);
      i++;
    }
    return svg.toString();
  }

  /**
   * The two-dimensional walk: a row for each guest structure and the page, a column for each EPT
   * entry behind it and one for the guest's entry. A cell says how many of the walks read it, from
   * green (none: a cache answered) to red (all of them).
   */
  static String walkGrid(WalkGrid grid, boolean nested) {
    int guestTop = topLevel(grid, true);
    int eptTop = nested ? topLevel(grid, false) : 0;
    int left = 110;
    double cell = 70;
    double height = 34;
    int last = nested ? 0 : 1; // without EPT nothing is read for the page
    Svg svg =
        new Svg(520, (int) ((guestTop + 2 - last) * (height + 4)) + 8, "entries read by walks");
    for (int column = 0; column <= eptTop; column++) {
      String name = column == eptTop ? "guest entry" : "EPT " + table(eptTop - column);
      svg.label(left + column * (cell + 4) + cell / 2, 22, "middle", name);
    }
    for (int row = 0; row <= guestTop - last; row++) {
      int guestLevel = guestTop - row;
      double y = (row + 1) * (height + 4);
      svg.label(left - 8, y + 21, "end", guestLevel == 0 ? "page" : "guest " + table(guestLevel));
      for (int column = 0; column <= eptTop; column++) {
        int eptLevel = eptTop - column;
        if (guestLevel == 0 && eptLevel == 0) {
          continue;
        }
        long reads = grid.reads(guestLevel, eptLevel);
        double share = grid.walks() == 0 ? 0 : (double) reads / grid.walks();
        double x = left + column * (cell + 4);
        svg.box(x, y, cell, height, heat(share), grouped(reads) + " reads");
        svg.label(x + cell / 2, y + 21, "middle", Svg.text("%.1f%%", 100 * share));
      }
    }
    return svg.toString();
  }

  private static int topLevel(WalkGrid grid, boolean guest) {
    for (int other = 0; other <= 5; other++) {
      if ((guest ? grid.reads(5, other) : grid.reads(other, 5)) > 0) {
        return 5;
      }
    }
    return 4;
  }

  private static String table(int level) {
    return switch (level) {
      case 1 -> "PTE";
      case 2 -> "PDE";
      case 3 -> "PDPTE";
      case 4 -> "PML4E";
      default -> "PML5E";
    };
  }

  /** From green over yellow to red, all light enough for dark text. */
  private static String heat(double share) {
    double part = Math.min(1, Math.max(0, share));
    return Svg.text("hsl(%.0f, 65%%, 78%%)", 130 * (1 - Math.sqrt(part)));
  }

  /** A bar of hits and misses for one structure. */
  static String hits(long hits, long misses) {
    Svg svg = new Svg(200, 14, "hit rate");
    double width = 200 * percent(hits, hits + misses) / 100;
    svg.box(0, 2, width, 10, "#8fc98f", grouped(hits) + " hits");
    svg.box(width, 2, 200 - width, 10, "#e39a97", grouped(misses) + " misses");
    return svg.toString();
  }

  static double percent(long part, long whole) {
    return whole == 0 ? 0 : 100.0 * part / whole;
  }
}
