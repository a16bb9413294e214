package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.validation.Crossover.Line;
import io.vmxsim.validation.Crossover.Point;
import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** The sweep behind table C3, and its picture. */
class CrossoverTest {
  private static final Crossover SWEEP = Crossover.sweep();

  /** What grows with the updates are the exits; what grows with the pages are the walks. */
  @Test
  void moreUpdatesFavourEptAndMorePagesFavourShadow() {
    for (Line line : SWEEP.lines()) {
      for (int i = 1; i < line.points().size(); i++) {
        Point calmer = line.points().get(i - 1);
        Point busier = line.points().get(i);
        assertTrue(busier.updatesPer1000Reads() > calmer.updatesPer1000Reads());
        assertTrue(busier.shadowOverEpt() > calmer.shadowOverEpt(), line + " at " + i);
      }
    }
    for (int i = 1; i < SWEEP.lines().size(); i++) {
      Point fewer = SWEEP.lines().get(i - 1).calmest();
      Point more = SWEEP.lines().get(i).calmest();
      assertTrue(more.missesPer1000Reads() > fewer.missesPer1000Reads());
      assertTrue(more.shadowOverEpt() < fewer.shadowOverEpt());
    }
  }

  @Test
  void thePictureIsAnSvgWithALineForEachSetOfPagesWithinItsFrame() throws Exception {
    String svg = CrossoverChart.svg(SWEEP);
    Document picture =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    assertEquals("svg", picture.getDocumentElement().getTagName());
    assertEquals(SWEEP.lines().size(), picture.getElementsByTagName("polyline").getLength());
    for (int i = 0; i < picture.getElementsByTagName("circle").getLength(); i++) {
      var place = picture.getElementsByTagName("circle").item(i).getAttributes();
      double x = Double.parseDouble(place.getNamedItem("cx").getNodeValue());
      double y = Double.parseDouble(place.getNamedItem("cy").getNodeValue());
      assertTrue(x >= 70 && x <= 570 && y >= 40 && y <= 360, x + "," + y);
    }
  }
}
