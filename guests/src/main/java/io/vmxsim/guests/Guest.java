package io.vmxsim.guests;

import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.vmcs.VmcsField;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A guest program of our own: a source in assembly language, among the resources of this package,
 * that becomes a multiboot image when it is asked for.
 *
 * @param name what a user calls it; the source is {@code NAME.asm}
 * @param cpus the processors it needs
 */
public record Guest(String name, int cpus) {
  /** Where the image is loaded and its code expects to be. */
  static final long ORIGIN = 0x10_0000;

  private static final Pattern INCLUDE = Pattern.compile("(?m)^include \"(.*)\"$");

  /** Where a source reads a number of its command line: the name, the default, the range. */
  private static final Pattern PARAMETER =
      Pattern.compile("(?m)^ *parameter \"([a-z]+)\", [0-9]+, ([0-9]+), ([0-9]+)$");

  /** A file that is not there: it comes from {@link VmcsField}. */
  private static final String VMCS_FIELDS = "vmcs-fields";

  /** The most bytes that a command line on a {@link #disk} may have. */
  public static final int MOST_TEXT = 200;

  /**
   * A number that a command line may give, as {@code NAME=NUMBER} in decimal digits.
   *
   * @param least and {@code most}: the range that the guest is made for
   */
  public record Parameter(String name, BigInteger least, BigInteger most) {
    private Parameter(String name, String least, String most) {
      this(name, new BigInteger(least), new BigInteger(most));
    }

    private boolean takes(String word) {
      if (!word.matches(name + "=[0-9]+")) {
        return false;
      }
      BigInteger number = new BigInteger(word.substring(name.length() + 1));
      return number.compareTo(least) >= 0 && number.compareTo(most) <= 0;
    }

    /** Such as {@code pages=1 to 512}. */
    @Override
    public String toString() {
      return name + "=" + least + " to " + most;
    }
  }

  /** The source as it was written, without what it includes. */
  public String source() {
    return resource(name + ".asm");
  }

  /** What it does, in a line: the first comment of the source. */
  public String title() {
    return source().lines().findFirst().orElse("").replaceFirst(";\\s*", "");
  }

  /** The numbers that its command line may give, in the order it reads them. */
  public List<Parameter> parameters() {
    return PARAMETER
        .matcher(included(source()))
        .results()
        .map(row -> new Parameter(row.group(1), row.group(2), row.group(3)))
        .toList();
  }

  /**
   * The first word of a command line that is not one of its {@link #parameters}: it would pay no
   * attention to that, or come to harm.
   */
  public Optional<String> notUnderstood(String commandLine) {
    List<Parameter> known = parameters();
    return Pattern.compile(" +")
        .splitAsStream(commandLine.strip())
        .filter(word -> !word.isEmpty() && known.stream().noneMatch(one -> one.takes(word)))
        .findFirst();
  }

  /** The image, with its multiboot header, to be loaded by {@link ImageLoader}. */
  public byte[] image() {
    return new Assembler(CodeMode.BITS32, ORIGIN).add(included(source())).bytes();
  }

  /**
   * The image on a disk to boot from, for machines whose firmware knows no multiboot: a boot sector
   * loads the rest by INT 13H as a multiboot loader would.
   *
   * @param commandLine what the guest is told, in ASCII
   * @throws IllegalArgumentException if the command line does not fit into the boot sector
   */
  public byte[] disk(String commandLine) {
    if (commandLine.length() > MOST_TEXT) {
      throw new IllegalArgumentException("a command line of more than " + MOST_TEXT + " bytes");
    }
    byte[] image = image();
    return BootDisk.of(image, commandLine);
  }

  private static String included(String source) {
    StringBuilder text = new StringBuilder();
    Matcher include = INCLUDE.matcher(source);
    while (include.find()) {
      String name = include.group(1);
      String file = name.equals(VMCS_FIELDS) ? vmcsFields() : included(resource(name));
      include.appendReplacement(text, Matcher.quoteReplacement(file));
    }
    return include.appendTail(text).toString();
  }

  /** The encoding of each field by its name. */
  private static String vmcsFields() {
    return Arrays.stream(VmcsField.values())
        .map(field -> "%s = %#x\n".formatted(field.name(), field.encoding()))
        .collect(Collectors.joining());
  }

  static String resource(String file) {
    try (InputStream in = Guest.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("no resource is called " + file);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
