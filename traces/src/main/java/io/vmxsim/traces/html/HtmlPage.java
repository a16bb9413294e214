package io.vmxsim.traces.html;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A page of HTML in the making. It holds its style and its pictures itself, asks for nothing over a
 * network, and runs no script. All text is escaped but what {@link #raw} takes.
 */
public final class HtmlPage {
  private static final String STYLE = "page.css";

  private final StringBuilder body = new StringBuilder();
  private final String title;

  /** An empty page. */
  public HtmlPage(String title) {
    this.title = title;
    body.append("<h1>").append(escape(title)).append("</h1>\n");
  }

  /** A heading of level 2 or 3. */
  public HtmlPage heading(int level, String text) {
    body.append("<h%d>%s</h%d>\n".formatted(level, escape(text), level));
    return this;
  }

  /** A paragraph. */
  public HtmlPage paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** A paragraph in small print. */
  public HtmlPage note(String text) {
    body.append("<p class=\"note\">").append(escape(text)).append("</p>\n");
    return this;
  }

  /** A table; the first row is its head. */
  public HtmlPage table(List<List<String>> rows) {
    body.append("<div class=\"scroll\"><table>\n");
    for (int i = 0; i < rows.size(); i++) {
      String cell = i == 0 ? "th" : "td";
      body.append("<tr>");
      for (String text : rows.get(i)) {
        body.append("<%s>%s</%s>".formatted(cell, escape(text), cell));
      }
      body.append("</tr>\n");
    }
    body.append("</table></div>\n");
    return this;
  }

  /** Markup as it is: a picture, or the begin or end of a group. */
  public HtmlPage raw(String markup) {
    body.append(markup).append('\n');
    return this;
  }

  /** The whole page. */
  @Override
  public String toString() {
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>%s</title>
        <style>
        %s</style>
        </head>
        <body>
        <main>
        %s</main>
        </body>
        </html>
        """
        .formatted(escape(title), style(), body);
  }

  /** Text as HTML and SVG take it, in elements and in attributes. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private static String style() {
    try (InputStream in = HtmlPage.class.getResourceAsStream(STYLE)) {
      if (in == null) {
        throw new IllegalStateException(STYLE + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
