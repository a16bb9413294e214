package io.vmxsim.traces.html;

import java.util.List;

/** A colour for each exit reason of a report, the same in all of its pictures. */
record Palette(List<String> reasons) {
  private static final String[] COLOURS = {
    "#4c78a8", "#e4a03c", "#d1605e", "#72b7b2", "#59a14f", "#b279a2",
    "#9d755d", "#edc948", "#7f7f9c", "#ff9da7", "#1f77b4", "#8cd17d",
  };

  Palette {
    reasons = List.copyOf(reasons);
  }

  String of(String reason) {
    return COLOURS[Math.max(0, reasons.indexOf(reason)) % COLOURS.length];
  }
}
