package io.vmxsim.cpu;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Names near one that was mistyped. */
final class NearNames {
  private NearNames() {}

  /** {@code "; did you mean a, b or c?"} with up to three near names, or nothing. */
  static String hint(String name, Collection<String> known) {
    List<String> near = new ArrayList<>();
    for (String candidate : known) {
      if (distance(name, candidate) <= 1 + name.length() / 3) {
        near.add(candidate);
      }
    }
    near.sort(Comparator.<String>comparingInt(c -> distance(name, c)).thenComparing(c -> c));
    if (near.isEmpty()) {
      return "";
    }
    return "; did you mean " + String.join(", ", near.subList(0, Math.min(3, near.size()))) + "?";
  }

  /** Levenshtein's edit distance. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
