package io.vmxsim.traces.html;

import java.util.Locale;

/** A picture in the making: lengths in its own units, the page scales it to its width. */
final class Svg {
  private final StringBuilder body = new StringBuilder();

  /** An empty picture; {@code name} says what it shows, for those who cannot see it. */
  Svg(int width, int height, String name) {
    body.append(
        text(
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
            width, height, HtmlPage.escape(name)));
  }

  /** A rectangle; {@code title} shows when the pointer rests on it. */
  void box(double x, double y, double width, double height, String colour, String title) {
    body.append(
        text(
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\">"
                + "<title>%s</title></rect>\n",
            x, y, width, height, colour, HtmlPage.escape(title)));
  }

  void line(double x1, double y1, double x2, double y2) {
    body.append(
        text(
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#d8dce2\"/>\n",
            x1, y1, x2, y2));
  }

  /** Text that begins at x. */
  void label(double x, double y, String label) {
    label(x, y, "start", label);
  }

  /** Text that is anchored at x by its {@code start}, {@code middle} or {@code end}. */
  void label(double x, double y, String anchor, String label) {
    body.append(
        text(
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
            x, y, anchor, HtmlPage.escape(label)));
  }

  @Override
  public String toString() {
    return body + "</svg>";
  }

  static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
