package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --report} pages in a real browser: headless Chromium, where there is one. */
class ReportInBrowserTest {
  private static final int WIDTH = 1280;
  private static final int BACKGROUND = 0xf3f5f8;
  private static final int GUEST_CYCLES = 0x4c78a8;
  private static final int VMM_CYCLES = 0xd1605e;

  private Path folder;
  private String browser;

  @BeforeEach
  void findBrowser(@TempDir Path emptyFolder) {
    folder = emptyFolder;
    browser =
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .flatMap(
                path ->
                    List.of("chromium", "chromium-browser", "google-chrome").stream()
                        .map(name -> Path.of(path, name)))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse("");
    Assumptions.assumeFalse(
        browser.isEmpty(), "skipped: no Chromium on the PATH (Debian's package chromium)");
  }

  @Test
  void aReportIsDrawnWithinALaptopsWidthAndAsksForNothing() throws Exception {
    Path page = folder.resolve("report.html");
    Invocation run = Invocation.of("compare", "--limit", "200000", "--report", page.toString());
    assertEquals(8, run.exitCode(), run.err());

    List<String> requests = new ArrayList<>();
    BufferedImage picture = draw(page, requests);

    assertEquals(List.of(), requests);
    assertTrue(pixels(picture, GUEST_CYCLES) > 2000, "bars of guest cycles");
    assertTrue(pixels(picture, VMM_CYCLES) > 2000, "bars of cycles in the VMM");
    for (int y = 0; y < picture.getHeight(); y++) { // nothing sticks out to the right
      assertEquals(BACKGROUND, picture.getRGB(WIDTH - 12, y) & 0xffffff, "line " + y);
    }
  }

  @Test
  void theReportOfALiveRunIsDrawn() throws Exception {
    Path page = folder.resolve("run.html");
    Invocation run =
        Invocation.of(
            "run", "page-fault-storm", "--append", "pages=64", "--report", page.toString());
    assertEquals(1, run.exitCode(), run.err());

    List<String> requests = new ArrayList<>();
    BufferedImage picture = draw(page, requests);

    assertEquals(List.of(), requests);
    assertTrue(pixels(picture, VMM_CYCLES) > 2000, "the bar of cycles in the VMM");
    for (int y = 0; y < picture.getHeight(); y++) {
      assertEquals(BACKGROUND, picture.getRGB(WIDTH - 12, y) & 0xffffff, "line " + y);
    }
  }

  /** Guards the tests above: a page that asks for something is noticed. */
  @Test
  void aRequestIsSeen() throws Exception {
    Path page = folder.resolve("asks.html");
    Files.writeString(page, "<html><img src='http://report.invalid/pixel.png'></html>");

    List<String> requests = new ArrayList<>();
    draw(page, requests);

    assertTrue(requests.toString().contains("http://report.invalid/pixel.png"), requests::toString);
  }

  /** A picture of the page; {@code requests} gets the first line of each that it made. */
  private BufferedImage draw(Path page, List<String> requests) throws Exception {
    Path shot = folder.resolve("shot.png");
    try (ServerSocket proxy = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      List<String> seen = Collections.synchronizedList(requests);
      Thread listener = new Thread(() -> listen(proxy, seen));
      listener.setDaemon(true);
      listener.start();
      Process process =
          new ProcessBuilder(
                  browser,
                  "--headless",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--hide-scrollbars",
                  "--no-first-run",
                  "--disable-sync",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--user-data-dir=" + folder.resolve("profile"),
                  "--proxy-server=127.0.0.1:" + proxy.getLocalPort(),
                  "--proxy-bypass-list=<-loopback>",
                  "--window-size=" + WIDTH + ",3000",
                  "--screenshot=" + shot,
                  page.toUri().toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("browser.log").toFile())
              .start();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the browser hangs");
    }
    BufferedImage picture = ImageIO.read(shot.toFile());
    assertEquals(WIDTH, picture.getWidth());
    return picture;
  }

  /** Notes requests and answers none. What the browser asks of its maker is not the page's. */
  private static void listen(ServerSocket proxy, List<String> requests) {
    try {
      while (true) {
        try (Socket socket = proxy.accept()) {
          String line =
              new BufferedReader(
                      new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
                  .readLine();
          if (line != null && !line.matches("\\w+ [^ ?]*google[^ ?]*[ ?].*")) {
            requests.add(line);
          }
        }
      }
    } catch (IOException e) {
      // The browser is done, and the socket closed.
    }
  }

  private static long pixels(BufferedImage picture, int colour) {
    return Arrays.stream(
            picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, WIDTH))
        .filter(pixel -> (pixel & 0xffffff) == colour)
        .count();
  }
}
