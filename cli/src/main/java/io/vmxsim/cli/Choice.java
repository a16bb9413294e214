package io.vmxsim.cli;

import io.vmxsim.ept.PageSize;
import io.vmxsim.traces.GeneratedTrace;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.TraceFormat;
import io.vmxsim.vmm.ShadowPolicy;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** An option's value out of a fixed set, by its lower-case name: for parsing and completion. */
abstract class Choice<T> implements ITypeConverter<T>, Iterable<String> {
  private final Map<String, T> byName = new LinkedHashMap<>();

  Choice(T[] values, Function<T, String> name) {
    for (T value : values) {
      byName.put(name.apply(value).toLowerCase(Locale.ROOT), value);
    }
  }

  @Override
  public T convert(String text) {
    T value = byName.get(text.toLowerCase(Locale.ROOT));
    if (value == null) {
      throw new TypeConversionException(
          "expected one of " + String.join(", ", byName.keySet()) + ", not '" + text + "'");
    }
    return value;
  }

  @Override
  public Iterator<String> iterator() {
    return List.copyOf(byName.keySet()).iterator();
  }

  static final class OfPaging extends Choice<Paging> {
    OfPaging() {
      super(Paging.values(), Paging::label);
    }
  }

  static final class OfPolicy extends Choice<ShadowPolicy> {
    OfPolicy() {
      super(ShadowPolicy.values(), ShadowPolicy::name);
    }
  }

  static final class OfPageSize extends Choice<PageSize> {
    OfPageSize() {
      super(PageSize.values(), PageSize::toString);
    }
  }

  static final class OfOutput extends Choice<Output> {
    OfOutput() {
      super(Output.values(), Output::name);
    }
  }

  static final class OfFormat extends Choice<TraceFormat> {
    OfFormat() {
      super(TraceFormat.values(), TraceFormat::label);
    }
  }

  static final class OfGeneratedTrace extends Choice<GeneratedTrace> {
    OfGeneratedTrace() {
      super(GeneratedTrace.values(), GeneratedTrace::label);
    }
  }
}
