package io.vmxsim.cpu.snapshot;

import java.lang.reflect.Field;
import net.openhft.chronicle.bytes.Bytes;

/** Values of primitive types, and arrays of them, little-endian. */
final class Primitives {
  /** chronicle-bytes may only read so far beyond the end of a mapped chunk. */
  private static final int AT_ONCE = 1 << 16;

  private Primitives() {}

  static void write(Field field, Object from, Bytes<?> out) {
    try {
      Class<?> type = field.getType();
      if (type == boolean.class) {
        out.writeBoolean(field.getBoolean(from));
      } else if (type == byte.class) {
        out.writeByte(field.getByte(from));
      } else if (type == short.class) {
        out.writeShort(field.getShort(from));
      } else if (type == char.class) {
        out.writeShort((short) field.getChar(from));
      } else if (type == int.class) {
        out.writeInt(field.getInt(from));
      } else if (type == long.class) {
        out.writeLong(field.getLong(from));
      } else if (type == float.class) {
        out.writeFloat(field.getFloat(from));
      } else {
        out.writeDouble(field.getDouble(from));
      }
    } catch (IllegalAccessException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Reads what {@link #write} wrote; a field of a record, which cannot be set, is only passed. */
  static Object read(Class<?> type, Bytes<?> in) {
    if (type == boolean.class) {
      return in.readBoolean();
    } else if (type == byte.class) {
      return in.readByte();
    } else if (type == short.class) {
      return in.readShort();
    } else if (type == char.class) {
      return (char) in.readShort();
    } else if (type == int.class) {
      return in.readInt();
    } else if (type == long.class) {
      return in.readLong();
    } else if (type == float.class) {
      return in.readFloat();
    }
    return in.readDouble();
  }

  static void writeArray(Object array, Bytes<?> out) {
    int length = GraphWriter.lengthOf(array);
    out.writeStopBit(length);
    if (array instanceof byte[] bytes) {
      out.write(bytes);
    } else if (array instanceof long[] longs) {
      for (long value : longs) {
        out.writeLong(value);
      }
    } else if (array instanceof int[] ints) {
      for (int value : ints) {
        out.writeInt(value);
      }
    } else if (array instanceof short[] shorts) {
      for (short value : shorts) {
        out.writeShort(value);
      }
    } else if (array instanceof char[] chars) {
      for (char value : chars) {
        out.writeShort((short) value);
      }
    } else if (array instanceof boolean[] booleans) {
      for (boolean value : booleans) {
        out.writeBoolean(value);
      }
    } else if (array instanceof double[] doubles) {
      for (double value : doubles) {
        out.writeDouble(value);
      }
    } else {
      for (float value : (float[]) array) {
        out.writeFloat(value);
      }
    }
  }

  /** Fills an array whose length has been read. */
  static void readArray(Object array, Bytes<?> in) {
    if (array instanceof byte[] bytes) {
      for (int at = 0; at < bytes.length; at += AT_ONCE) {
        in.read(bytes, at, Math.min(AT_ONCE, bytes.length - at));
      }
    } else if (array instanceof long[] longs) {
      for (int i = 0; i < longs.length; i++) {
        longs[i] = in.readLong();
      }
    } else if (array instanceof int[] ints) {
      for (int i = 0; i < ints.length; i++) {
        ints[i] = in.readInt();
      }
    } else if (array instanceof short[] shorts) {
      for (int i = 0; i < shorts.length; i++) {
        shorts[i] = in.readShort();
      }
    } else if (array instanceof char[] chars) {
      for (int i = 0; i < chars.length; i++) {
        chars[i] = (char) in.readShort();
      }
    } else if (array instanceof boolean[] booleans) {
      for (int i = 0; i < booleans.length; i++) {
        booleans[i] = in.readBoolean();
      }
    } else if (array instanceof double[] doubles) {
      for (int i = 0; i < doubles.length; i++) {
        doubles[i] = in.readDouble();
      }
    } else {
      float[] floats = (float[]) array;
      for (int i = 0; i < floats.length; i++) {
        floats[i] = in.readFloat();
      }
    }
  }
}
