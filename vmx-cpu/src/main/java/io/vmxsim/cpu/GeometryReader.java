package io.vmxsim.cpu;

import io.vmxsim.ept.IndexHash;
import io.vmxsim.ept.MmuGeometry;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PagingStructureCacheGeometry;
import io.vmxsim.ept.TlbGeometry;
import io.vmxsim.ept.TlbUse;
import io.vmxsim.vmcs.InputException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Builds the MMU's geometry from the {@code [geometry]} entries of a profile. */
final class GeometryReader {
  private final String profile;
  private final Map<String, ProfileEntry> entries;

  GeometryReader(String profile, Map<String, ProfileEntry> entries) {
    this.profile = profile;
    this.entries = entries;
  }

  /**
   * The geometry. A TLB of 0 entries is absent.
   *
   * @throws InputException naming the structure whose numbers do not fit or the key that is missing
   */
  MmuGeometry read() {
    Set<String> names = new LinkedHashSet<>();
    for (ProfileEntry entry : entries.values()) {
      String name = entry.key().substring(0, Math.max(0, entry.key().indexOf('.')));
      if (entry.section() == ProfileSection.GEOMETRY && !isCache(name)) {
        names.add(name);
      }
    }
    try {
      List<TlbGeometry> tlbs = new ArrayList<>();
      for (String name : names) {
        if (number(name + ".entries") > 0) {
          tlbs.add(tlb(name));
        }
      }
      return new MmuGeometry(tlbs, caches("guest"), caches("ept"));
    } catch (IllegalArgumentException impossible) {
      throw new InputException(
          profile, "", "expected a possible geometry: " + impossible.getMessage(), impossible);
    }
  }

  private TlbGeometry tlb(String name) {
    Set<TlbUse> uses = EnumSet.noneOf(TlbUse.class);
    for (String word : text(name + ".serves").split(" ", -1)) {
      uses.add(TlbUse.valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_')));
    }
    Set<PageSize> pages = EnumSet.noneOf(PageSize.class);
    for (String word : text(name + ".pages").split(" ", -1)) {
      pages.add(PageSize.valueOf("SIZE_" + word));
    }
    IndexHash hash =
        IndexHash.valueOf(text(name + ".index").toUpperCase(Locale.ROOT).replace('-', '_'));
    return new TlbGeometry(
        name, uses, number(name + ".entries"), number(name + ".ways"), pages, hash);
  }

  private PagingStructureCacheGeometry caches(String dimension) {
    return new PagingStructureCacheGeometry(
        number(dimension + ".pml5e"),
        number(dimension + ".pml4e"),
        number(dimension + ".pdpte"),
        number(dimension + ".pde"));
  }

  private static boolean isCache(String name) {
    return name.equals("guest") || name.equals("ept");
  }

  private int number(String key) {
    return Integer.parseInt(text(key));
  }

  private String text(String key) {
    ProfileEntry entry = entries.get(key);
    if (entry == null) {
      throw new InputException(profile, "", "expected a key '" + key + "' in [geometry]");
    }
    return entry.value();
  }
}
