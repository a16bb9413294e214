package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * HotSpot never compiles a method above 8,000 bytes of bytecode ({@code HugeMethodLimit}). Class
 * initializers are left out: they run once, and those of large enums are long.
 */
class MethodSizeTest {
  private static final int HUGE_METHOD_LIMIT = 8_000;

  private record Method(String where, long bytes) {}

  @Test
  void noMethodIsTooLongToBeCompiled() throws IOException {
    List<Method> methods = new ArrayList<>();
    for (Path file : classFiles()) {
      methods.addAll(methods(file.toString(), Files.readAllBytes(file)));
    }

    assertTrue(methods.stream().anyMatch(method -> method.where().contains("VmxsimCommand")));
    assertEquals(
        List.of(), methods.stream().filter(method -> method.bytes() > HUGE_METHOD_LIMIT).toList());
  }

  /** The compiled classes of every module beside this one. */
  private static List<Path> classFiles() throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> modules = Files.list(Path.of(".."))) {
      for (Path module : modules.sorted().toList()) {
        Path classes = module.resolve("target").resolve("classes");
        if (Files.isDirectory(classes)) {
          try (Stream<Path> tree = Files.walk(classes)) {
            tree.filter(path -> path.toString().endsWith(".class")).forEach(files::add);
          }
        }
      }
    }
    return files;
  }

  /** Reads as much of the class-file format (JVMS chapter 4) as it takes to find each Code. */
  private static List<Method> methods(String file, byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    in.skipBytes(8); // magic, minor and major version
    String[] names = constantPool(in);
    in.skipBytes(6); // access flags, this, super
    in.skipBytes(2 * in.readUnsignedShort()); // interfaces
    members(in, names, file, new ArrayList<>()); // fields have no Code
    List<Method> methods = new ArrayList<>();
    members(in, names, file, methods);
    return methods;
  }

  private static void members(DataInputStream in, String[] names, String file, List<Method> methods)
      throws IOException {
    for (int members = in.readUnsignedShort(); members > 0; members--) {
      in.skipBytes(2); // access flags
      String name = names[in.readUnsignedShort()];
      in.skipBytes(2); // descriptor
      for (int attributes = in.readUnsignedShort(); attributes > 0; attributes--) {
        String attribute = names[in.readUnsignedShort()];
        int length = in.readInt();
        if (attribute.equals("Code")) {
          in.skipBytes(4); // max_stack, max_locals
          long size = in.readInt();
          if (!"<clinit>".equals(name)) {
            methods.add(new Method(file + " " + name, size));
          }
          length -= 8;
        }
        in.skipNBytes(length);
      }
    }
  }

  /** The pool's Utf8 entries by index; other entries are skipped. */
  private static String[] constantPool(DataInputStream in) throws IOException {
    String[] names = new String[in.readUnsignedShort()];
    for (int i = 1; i < names.length; i++) {
      int tag = in.readUnsignedByte();
      switch (tag) {
        case 1 -> names[i] = in.readUTF();
        case 7, 8, 16, 19, 20 -> in.skipBytes(2);
        case 15 -> in.skipBytes(3);
        case 3, 4, 9, 10, 11, 12, 17, 18 -> in.skipBytes(4);
        case 5, 6 -> {
          in.skipBytes(8);
          i++; // long and double take two indexes
        }
        default -> throw new IOException("constant pool tag " + tag);
      }
    }
    return names;
  }
}
