package io.vmxsim.validation;

import io.vmxsim.traces.TextTable;
import io.vmxsim.validation.Crossover.Line;
import io.vmxsim.validation.Crossover.Point;
import java.util.Locale;

/** A {@link Crossover} as a small table, and as an SVG picture that needs nothing else. */
public final class CrossoverChart {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 420;
  private static final int LEFT = 70;
  private static final int RIGHT = 150;
  private static final int TOP = 40;
  private static final int BOTTOM = 60;

  /** Where no update stands on the logarithmic axis, which has no zero. */
  private static final double LEAST_UPDATES = 0.01;

  private static final double MOST_UPDATES = 100;
  private static final double LEAST_RATIO = 0.5;
  private static final double MOST_RATIO = 50;
  private static final String[] COLOURS = {"#0b6e4f", "#c05a00", "#3b4cc0"};

  private CrossoverChart() {}

  /** A row for each trace: what it does, and its cycles per read in each mode. */
  public static String text(Crossover crossover) {
    TextTable table = new TextTable();
    table.row(
        "pages read",
        "updates/1000",
        "TLB misses/1000",
        "native",
        "shadow",
        "EPT",
        "shadow/EPT",
        "");
    for (Line line : crossover.lines()) {
      for (Point point : line.points()) {
        table.row(
            Integer.toString(line.pages()),
            decimal(point.updatesPer1000Reads()),
            decimal(point.missesPer1000Reads()),
            decimal(point.nativeCycles()),
            decimal(point.shadowCycles()),
            decimal(point.eptCycles()),
            decimal(point.shadowOverEpt()),
            winner(point));
      }
    }
    StringBuilder out = new StringBuilder("Cycles per read, and the cheaper of the two:\n");
    table.appendTo(out);
    return out.toString();
  }

  /** A line for each set of pages over the rate of updates; above 1, EPT is the cheaper. */
  public static String svg(Crossover crossover) {
    return picture(crossover)
        .replaceFirst("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" font-size=\"12\"");
  }

  /** The same for a page of HTML, which knows what {@code svg} is. */
  static String picture(Crossover crossover) {
    StringBuilder out = new StringBuilder();
    out.append(text("<svg viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n", WIDTH, HEIGHT));
    out.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    label(out, WIDTH / 2.0, 20, "middle", "Cycles under shadow paging over cycles under EPT");
    label(
        out,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12,
        "middle",
        "page-table updates per 1000 reads");
    axes(out);
    for (int i = 0; i < crossover.lines().size(); i++) {
      line(out, crossover.lines().get(i), COLOURS[i % COLOURS.length], 5.0 * i);
    }
    return out.append("</svg>\n").toString();
  }

  private static void axes(StringBuilder out) {
    for (double updates = LEAST_UPDATES; updates <= MOST_UPDATES * 1.01; updates *= 10) {
      segment(out, x(updates), TOP, x(updates), HEIGHT - BOTTOM, "#dddddd");
      String tick = updates == LEAST_UPDATES ? "none" : Expectation.number(updates);
      label(out, x(updates), HEIGHT - BOTTOM + 18, "middle", tick);
    }
    for (double ratio : new double[] {LEAST_RATIO, 1, 2, 5, 10, 20, MOST_RATIO}) {
      segment(out, LEFT, y(ratio), WIDTH - RIGHT, y(ratio), ratio == 1 ? "#444444" : "#dddddd");
      label(out, LEFT - 8, y(ratio) + 4, "end", Expectation.number(ratio));
    }
    label(out, LEFT + 6, y(1) - 6, "start", "EPT wins");
    label(out, LEFT + 6, y(1) + 15, "start", "shadow wins");
  }

  private static void line(StringBuilder out, Line line, String colour, double nameLower) {
    out.append(text("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour));
    for (Point point : line.points()) {
      out.append(text("%.1f,%.1f ", x(point.updatesPer1000Reads()), y(point.shadowOverEpt())));
    }
    out.append("\"/>\n");
    for (Point point : line.points()) {
      out.append(
          text(
              "<circle r=\"3\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>\n",
              colour, x(point.updatesPer1000Reads()), y(point.shadowOverEpt())));
    }
    Point end = line.busiest();
    out.append(
        text(
            "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%d pages</text>\n",
            x(end.updatesPer1000Reads()) + 8,
            y(end.shadowOverEpt()) - 2 + nameLower,
            colour,
            line.pages()));
  }

  private static void segment(
      StringBuilder out, double x1, double y1, double x2, double y2, String colour) {
    out.append(
        text(
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
            x1, y1, x2, y2, colour));
  }

  private static void label(StringBuilder out, double x, double y, String anchor, String content) {
    out.append(
        text("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, content));
  }

  private static String winner(Point point) {
    if (decimal(point.shadowOverEpt()).equals("1.00")) {
      return "even";
    }
    return point.eptWins() ? "EPT" : "shadow";
  }

  private static double x(double updates) {
    double part =
        Math.log(Math.max(updates, LEAST_UPDATES) / LEAST_UPDATES)
            / Math.log(MOST_UPDATES / LEAST_UPDATES);
    return LEFT + part * (WIDTH - LEFT - RIGHT);
  }

  private static double y(double ratio) {
    double part = Math.log(ratio / LEAST_RATIO) / Math.log(MOST_RATIO / LEAST_RATIO);
    return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
  }

  private static String decimal(double value) {
    return text("%.2f", value);
  }

  private static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
