package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documents name exists. */
class DocumentationTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)");

  /** A type in backquotes: two capitals with lower case between, as {@code VmEntry}. */
  private static final Pattern TYPE = Pattern.compile("`([A-Z][a-z]+(?:[A-Z][a-z0-9]*)+)`");

  @Test
  void everyLinkLeadsToAFile() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path document : documents()) {
      Matcher link = LINK.matcher(Files.readString(document));
      while (link.find()) {
        if (!Files.exists(document.resolveSibling(link.group(1)))) {
          broken.add(ROOT.relativize(document) + ": " + link.group(1));
        }
      }
    }
    assertEquals(List.of(), broken);
  }

  @Test
  void everyTypeInTheReadingOrderExists() throws IOException {
    Set<String> sources = sourceNames();
    List<String> unknown = new ArrayList<>();
    for (String document : List.of("docs/ARCHITECTURE.md", "docs/adding.md")) {
      Matcher type = TYPE.matcher(Files.readString(ROOT.resolve(document)));
      while (type.find()) {
        if (!sources.contains(type.group(1) + ".java")) {
          unknown.add(document + ": " + type.group(1));
        }
      }
    }
    assertEquals(List.of(), unknown);
  }

  private static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>();
    for (Path folder : List.of(ROOT, ROOT.resolve("docs"))) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
      }
    }
    return documents;
  }

  private static Set<String> sourceNames() throws IOException {
    Set<String> names = new HashSet<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path module : modules.filter(path -> Files.isDirectory(path.resolve("src"))).toList()) {
        try (Stream<Path> tree = Files.walk(module.resolve("src"))) {
          tree.filter(file -> file.toString().endsWith(".java"))
              .forEach(file -> names.add(file.getFileName().toString()));
        }
      }
    }
    return names;
  }
}
