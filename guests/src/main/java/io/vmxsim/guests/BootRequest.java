package io.vmxsim.guests;

import java.util.List;

/**
 * What is to be booted.
 *
 * @param source what messages call the image: its file name
 * @param image the bytes of the image
 * @param commandLine what the kernel is told, without the image's own name
 * @param modules files to load besides
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
public record BootRequest(String source, byte[] image, String commandLine, List<Module> modules) {

  /**
   * A file loaded besides the kernel: a multiboot module, or Linux's initial RAM disk.
   *
   * @param name what the kernel is told it is called
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Module(String name, byte[] bytes) {}

  /** The image's own name and the command line, as multiboot passes them. */
  String fullCommandLine() {
    return commandLine.isEmpty() ? source : source + " " + commandLine;
  }
}
