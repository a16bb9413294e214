package io.vmxsim.guests;

import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.vmcs.VmcsField;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
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

  /** Where a source reads the number behind {@code NAME=} in its command line. */
  private static final Pattern PARAMETER = Pattern.compile("(?m)^ *parameter \"([a-z]+)\", ");

  /** A file that is not there: it comes from {@link VmcsField}. */
  private static final String VMCS_FIELDS = "vmcs-fields";

  /** The most bytes that a command line on a {@link #disk} may have. */
  public static final int MOST_TEXT = 200;

  /** The source as it was written, without what it includes. */
  public String source() {
    return resource(name + ".asm");
  }

  /** What it does, in a line: the first comment of the source. */
  public String title() {
    return source().lines().findFirst().orElse("").replaceFirst(";\\s*", "");
  }

  /** The names of the numbers that its command line may give, in the order it reads them. */
  public Set<String> parameters() {
    return PARAMETER
        .matcher(included(source()))
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /**
   * The first word of a command line that is not one of its {@link #parameters}, {@code =} and a
   * decimal number; it would pay no attention to that.
   */
  public Optional<String> notUnderstood(String commandLine) {
    Pattern understood = Pattern.compile("(%s)=[0-9]+".formatted(String.join("|", parameters())));
    return Pattern.compile(" +")
        .splitAsStream(commandLine.strip())
        .filter(word -> !word.isEmpty() && !understood.matcher(word).matches())
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
