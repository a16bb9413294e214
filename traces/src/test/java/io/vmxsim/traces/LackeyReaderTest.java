package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class LackeyReaderTest {
  private static final TraceOptions LACKEY = TraceOptions.DEFAULT.withFormat(TraceFormat.LACKEY);
  private static final Pattern LINE = Pattern.compile("(I | S| L| M) +([0-9a-f]+),(\\d+)");

  @Test
  void readsEachKindOfLine() {
    String text =
        """
        ==42== Lackey, an example Valgrind tool
        --42-- WARNING: something
        **42** printed by the program
        I  0401ab73,5
         S 1fff000778,8
         L ffffffffff600000,16
         M 04222caf,1
        ==42==
        """;
    TraceReader reader = Actions.reader(text, TraceOptions.DEFAULT);
    assertEquals(
        List.of(
            "INSTRUCTION 5 401ab73 -1",
            "STORE 8 1fff000778 0",
            "LOAD 16 ffffffffff600000 0",
            "LOAD 1 4222caf 0",
            "STORE 1 4222caf 0"),
        Actions.read(reader));
    assertEquals(
        "4 records, 1 instructions, 2 loads, 2 stores, 0 skipped", reader.counts().toString());
    assertEquals(TraceFormat.LACKEY, reader.format());
  }

  @Test
  void splitsAnAccessLargerThanASizeOperandButCountsItOnce() {
    TraceReader reader = Actions.reader(" S 1000,512\n", TraceOptions.DEFAULT);
    assertEquals(
        List.of("STORE 128 1000 0", "STORE 128 1080 0", "STORE 128 1100 0", "STORE 128 1180 0"),
        Actions.read(reader));
    assertEquals(1, reader.counts().stores());
  }

  @Test
  void takesTheLengthOfValgrindsClientRequestsAsUnknown() {
    assertEquals(
        List.of("INSTRUCTION 0 401000 -1"),
        Actions.read(Actions.reader("I  00401000,19\n", TraceOptions.DEFAULT)));
  }

  @Test
  void namesTheLineOfWhatIsNoRecord() {
    for (String bad :
        List.of(
            "X 0401ab73,5",
            "I 0401ab73,5",
            " S  0401ab73",
            " S 0401ab73,",
            " S 0401ab73,0",
            " S 0401ab73,5x",
            " S 0401AB73,5",
            " S ,5",
            " S 00000000000000001,5",
            " S 8000000000000000,1",
            " Z 0401ab73,5",
            " ",
            "I",
            "",
            " S",
            "ls: cannot access 'x'")) {
      String text = "I  0401ab73,5\n" + bad + "\nI  0401ab78,5\n";
      String message = Actions.complaint(text, LACKEY);
      assertTrue(message.startsWith("test: line 2: expected a line such as"), message);
      TraceReader lenient = Actions.reader(text, LACKEY.withLenient(true));
      assertEquals(2, Actions.read(lenient).size(), bad);
      assertEquals(1, lenient.counts().skipped(), bad);
      assertEquals(2, lenient.counts().records(), bad);
    }
  }

  @Test
  void saysThatTheLastLineIsCut() {
    String message = Actions.complaint("I  0401ab73,5\n S 0401ab", TraceOptions.DEFAULT);
    assertTrue(message.startsWith("test: line 2: expected a line end"), message);
  }

  @Test
  void refusesALineWithoutAnEnd() {
    String message = Actions.complaint("I  0401ab73,5\n" + "x".repeat(3 << 20), LACKEY);
    assertTrue(message.startsWith("test: line 2: expected a line of text"), message);
  }

  @Property(tries = 300)
  void countsWhatARegularExpressionCounts(@ForAll("lines") List<String> lines) {
    TraceReader reader = Actions.reader(String.join("\n", lines) + "\n", LACKEY.withLenient(true));
    Actions.read(reader, 600);
    long records = lines.stream().filter(l -> LINE.matcher(l).matches()).count();
    long loads = lines.stream().filter(l -> l.matches(" [LM] +[0-9a-f]+,\\d+")).count();
    long stores = lines.stream().filter(l -> l.matches(" [SM] +[0-9a-f]+,\\d+")).count();
    assertEquals(records, reader.counts().records());
    assertEquals(loads, reader.counts().loads());
    assertEquals(stores, reader.counts().stores());
  }

  @Provide
  Arbitrary<List<String>> lines() {
    Arbitrary<String> kind = Arbitraries.of("I ", " S", " L", " M", "  ", "II", " I", "==7==");
    Arbitrary<String> spaces = Arbitraries.of(" ", "  ", "");
    Arbitrary<String> address =
        Arbitraries.longs().between(0, 0x7fff_ffff_ffffL).map(Long::toHexString);
    Arbitrary<String> tail = Arbitraries.of(",1", ",8", ",15", ",512", "", ",", ",8 ");
    return Combinators.combine(kind, spaces, address, tail)
        .as((k, s, a, t) -> k + s + a + t)
        .list()
        .ofMinSize(1)
        .ofMaxSize(2000);
  }
}
