package io.vmxsim.cpu.snapshot;

import it.unimi.dsi.fastutil.objects.Reference2IntOpenHashMap;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.openhft.chronicle.bytes.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Takes a graph of objects apart, one record an object, in the order in which they are met, breadth
 * first. A record is the number of a class, the length of the rest, and the rest: values of
 * primitive types as they are, references as the number of the object's record. Number 0 is null.
 */
final class GraphWriter {
  /** In place of a reference to what is not saved. */
  static final int KEPT = 1;

  /** The first object's. */
  static final int FIRST = 2;

  private static final int NONE = -1;

  /** Takes finished records. */
  interface Sink {
    void records(String part, Bytes<?> records);
  }

  private final Sink sink;
  private final int blockBytes;
  private final Reference2IntOpenHashMap<Object> outside;
  private final Constants constants = new Constants();
  private final Reference2IntOpenHashMap<Object> numbers = new Reference2IntOpenHashMap<>();
  private final Map<Object, Object> whole = new HashMap<>();
  private final ArrayDeque<Object> waiting = new ArrayDeque<>();
  private final Map<String, Integer> classes = new LinkedHashMap<>();
  private final List<String> classTexts = new ArrayList<>();
  private final Map<Class<?>, Layout> layouts = new HashMap<>();
  private final Bytes<?> block = Bytes.allocateElasticOnHeap();
  private final Bytes<?> record = Bytes.allocateElasticOnHeap();
  private int next = FIRST;

  /**
   * @param outside what is referred to but not saved, by numbers of the caller
   * @param blockBytes of records given to the sink at a time, or slightly more
   */
  GraphWriter(Reference2IntOpenHashMap<Object> outside, int blockBytes, Sink sink) {
    this.outside = outside;
    this.blockBytes = blockBytes;
    this.sink = sink;
    numbers.defaultReturnValue(NONE);
  }

  /** Saves what is reached from {@code root} and was not met before. */
  void part(String name, Object root) {
    number(root);
    while (!waiting.isEmpty()) {
      write(waiting.remove());
      if (block.readRemaining() >= blockBytes) {
        flush(name);
      }
    }
    flush(name);
  }

  private void flush(String name) {
    if (block.readRemaining() > 0) {
      sink.records(name, block);
      block.clear();
    }
  }

  /**
   * The classes by number: a name, and for those of kind OBJECT and RECORD what fields they have.
   */
  List<String> classes() {
    return classTexts;
  }

  private int number(@Nullable Object reference) {
    if (reference == null) {
      return 0;
    }
    Object object = isWhole(reference) ? whole.computeIfAbsent(reference, r -> r) : reference;
    int known = numbers.getInt(object);
    if (known != NONE) {
      return known;
    }
    if (object.getClass().isAnnotationPresent(Rebuilt.class)) {
      return KEPT;
    }
    constants.addAllOf(object.getClass());
    numbers.put(object, next);
    waiting.add(object);
    return next++;
  }

  /** Whether equal ones need not be told apart. */
  private static boolean isWhole(Object object) {
    return object instanceof String || object instanceof Number || object instanceof Boolean;
  }

  private void write(Object object) {
    Class<?> type = object.getClass();
    record.clear();
    int classNumber;

    String constant = object instanceof Enum ? null : constants.nameOf(object);
    if (outside.containsKey(object)) {
      classNumber = classNumber(Kind.OUTSIDE, type);
      record.writeStopBit(outside.getInt(object));
    } else if (constant != null) {
      classNumber = classNumber(Kind.CONSTANT, type);
      text(constant);
    } else {
      Kind kind = Kind.of(type);
      classNumber = classNumber(kind, kind == Kind.ENUM ? declaring(object) : type);
      content(kind, object);
    }
    block.writeStopBit(classNumber);
    block.writeStopBit(record.readRemaining());
    block.write(record);
  }

  private static Class<?> declaring(Object object) {
    return ((Enum<?>) object).getDeclaringClass();
  }

  private int classNumber(Kind kind, Class<?> type) {
    String key = kind + " " + kind.nameOf(type);
    Integer known = classes.get(key);
    if (known == null) {
      known = classes.size();
      classes.put(key, known);
      boolean hasFields = kind == Kind.OBJECT || kind == Kind.RECORD;
      classTexts.add(hasFields ? key + " " + layout(type).text() : key);
    }
    return known;
  }

  private Layout layout(Class<?> type) {
    return layouts.computeIfAbsent(type, Layout::of);
  }

  private void content(Kind kind, Object object) {
    switch (kind) {
      case OBJECT, RECORD -> fields(object);
      case REFERENCES -> references(Arrays.asList((@Nullable Object[]) object));
      case PRIMITIVES -> Primitives.writeArray(object, record);
      case COLLECTION, FIXED_COLLECTION -> references(Elements.of((Collection<?>) object));
      case MAP, FIXED_MAP -> references(Elements.of((Map<?, ?>) object));
      case FUNCTION -> function(object);
      case BUFFER -> buffer((ByteBuffer) object);
      case TEXT, STRING -> text(object.toString());
      case BOXED -> text(object instanceof Character c ? Integer.toString(c) : object.toString());
      case ENUM -> text(((Enum<?>) object).name());
      default -> throw new IllegalStateException("content of " + kind);
    }
  }

  private void fields(Object object) {
    for (Field field : layout(object.getClass()).fields) {
      if (field.getType().isPrimitive()) {
        Primitives.write(field, object, record);
      } else {
        record.writeStopBit(number(Layout.get(field, object)));
      }
    }
  }

  private void references(Collection<? extends @Nullable Object> elements) {
    record.writeStopBit(elements.size());
    for (Object element : elements) {
      record.writeStopBit(number(element));
    }
  }

  private void function(Object object) {
    references(Captured.by(object));
  }

  private void buffer(ByteBuffer buffer) {
    record.writeStopBit(buffer.position());
    record.writeStopBit(buffer.limit());
    record.writeBoolean(buffer.order() == ByteOrder.LITTLE_ENDIAN);
    byte[] all = new byte[buffer.capacity()];
    ByteBuffer copied = buffer.duplicate();
    copied.clear();
    copied.get(all);
    Primitives.writeArray(all, record);
  }

  private void text(String text) {
    Primitives.writeArray(text.getBytes(StandardCharsets.UTF_8), record);
  }

  static int lengthOf(Object array) {
    return Array.getLength(array);
  }
}
