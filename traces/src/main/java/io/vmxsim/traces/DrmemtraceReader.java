package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.traces.SensitiveOpcodes.Sensitive;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * DynamoRIO's drmemtrace: records of 12 bytes, {@code u16 type, u16 size, u64 address}. Encodings
 * are kept by address, and those of sensitive instructions become actions. Code in the upper half
 * of the address space is the kernel's and runs at CPL 0. Threads in one file follow each other on
 * one virtual CPU.
 */
final class DrmemtraceReader extends StreamedTrace {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();
  private static final byte SET_CPL = ActionKind.SET_CPL.code();

  private static final int RECORD = 12;
  private static final int MAX_ACTIONS = 65536 / Accesses.MAX_PART;

  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int FIRST_PREFETCH = 2;
  private static final int LAST_PREFETCH = 9;
  private static final int FIRST_INSTRUCTION = 10;
  private static final int LAST_INSTRUCTION = 16;
  private static final int BUNDLE = 17;
  private static final int LAST_FLUSH = 21;
  private static final int THREAD = 22;
  private static final int THREAD_EXIT = 23;
  private static final int PROCESS = 24;
  private static final int HEADER = 25;
  private static final int FOOTER = 26;
  private static final int MARKER = 28;
  private static final int NOT_FETCHED = 29;
  private static final int SYSENTER = 31;
  private static final int LATER_PREFETCHES = 32;
  private static final int ENCODING = 47;
  private static final int TAKEN = 48;
  private static final int UNTAKEN = 49;

  /** The page of vsyscall: kernel addresses, user code. */
  private static final long VSYSCALL_PAGE = 0xffffffffff600L;

  private static final int MAX_HEADER_VERSION = 255;

  private final InstructionEncodings encodings = new InstructionEncodings();
  private final byte[] pending = new byte[16];
  private int pendingLength;
  private long records;
  private long next;
  private boolean kernel;
  private boolean ended;

  DrmemtraceReader(TraceInput input, boolean lenient) {
    super(TraceFormat.DRMEMTRACE, input, lenient);
  }

  /** Whether the data begins with a drmemtrace header and what follows one. */
  static boolean recognises(TraceInput input) {
    if (!input.require(2 * RECORD)) {
      return false;
    }
    byte[] data = input.buffer;
    int at = input.position;
    int second = type(data, at + RECORD);
    long version = (long) LONG.get(data, at + 4);
    return type(data, at) == HEADER
        && size(data, at) == 0
        && version > 0
        && version <= MAX_HEADER_VERSION
        && (second == MARKER || second == THREAD || second == PROCESS);
  }

  private static int type(byte[] data, int at) {
    return (short) SHORT.get(data, at) & 0xffff;
  }

  private static int size(byte[] data, int at) {
    return (short) SHORT.get(data, at + 2) & 0xffff;
  }

  @Override
  public boolean fill(ActionBatch batch) {
    batch.clear();
    int room = batch.capacity() - MAX_ACTIONS;
    long before = counts.records;
    do {
      if (!input.require(RECORD)) {
        end();
        break;
      }
      parse(batch, Math.max(1, room));
    } while (batch.count() < room || batch.count() == 0);
    batch.setRecords(counts.records - before);
    return batch.count() > 0;
  }

  private void end() {
    if (input.available() > 0) {
      skipOrThrow("a record of 12 bytes, found the last " + input.available() + ": truncated");
      input.position = input.limit;
    } else if (!ended) {
      ended = true;
      skipOrThrow("a footer, found the end of the file: truncated");
    }
  }

  private void parse(ActionBatch batch, int room) {
    byte[] data = input.buffer;
    int end = input.limit - RECORD;
    int at = input.position;
    while (at <= end && batch.count() < room) {
      if (record(batch, type(data, at), size(data, at), (long) LONG.get(data, at + 4), at)) {
        counts.records++;
      }
      records++;
      at += RECORD;
    }
    input.position = at;
  }

  /** Whether the record made sense. */
  private boolean record(ActionBatch batch, int type, int size, long address, int at) {
    if (ended || (records == 0 && type != HEADER)) {
      skipOrThrow(ended ? "the end of the file after the footer" : "a header");
      return false;
    }
    if (type == READ || type == WRITE) {
      return access(batch, type, size, address);
    }
    if ((type >= FIRST_INSTRUCTION && type <= LAST_INSTRUCTION)
        || type == SYSENTER
        || type == TAKEN
        || type == UNTAKEN) {
      return instruction(batch, size, address);
    }
    return switch (type) {
      case BUNDLE -> bundle(batch, size, address);
      case ENCODING -> encoding(size, at + 4);
      case FOOTER -> {
        ended = true;
        yield true;
      }
      case THREAD, THREAD_EXIT, PROCESS, HEADER, MARKER -> true;
      case NOT_FETCHED -> {
        pendingLength = 0;
        yield true;
      }
      default -> isHint(type) || unknown(type);
    };
  }

  /** Prefetches and flushes: they fault on nothing and need no translation. */
  private static boolean isHint(int type) {
    return (type >= FIRST_PREFETCH && type <= LAST_PREFETCH)
        || (type > BUNDLE && type <= LAST_FLUSH)
        || (type >= LATER_PREFETCHES && type < ENCODING);
  }

  private boolean unknown(int type) {
    skipOrThrow("a record type of 0 to 49, found " + type);
    return false;
  }

  private boolean access(ActionBatch batch, int type, int size, long address) {
    if (!LinearAddresses.isCanonical48(address)) {
      skipOrThrow("a canonical address, found 0x" + Long.toHexString(address));
      return false;
    }
    if (type == READ) {
      counts.loads++;
    } else {
      counts.stores++;
    }
    Accesses.add(batch, type == READ ? LOAD : STORE, Math.max(1, size), address);
    return true;
  }

  private boolean encoding(int size, int from) {
    if (size == 0 || size > 8 || pendingLength + size > InstructionEncodings.MAX_LENGTH) {
      skipOrThrow("an encoding of 1 to 15 bytes");
      pendingLength = 0;
      return false;
    }
    System.arraycopy(input.buffer, from, pending, pendingLength, size);
    pendingLength += size;
    return true;
  }

  private boolean instruction(ActionBatch batch, int size, long address) {
    if (size > InstructionEncodings.MAX_LENGTH || !LinearAddresses.isCanonical48(address)) {
      skipOrThrow("an instruction of at most 15 bytes at a canonical address");
      pendingLength = 0;
      return false;
    }
    if (pendingLength == size && size > 0) {
      encodings.put(address, pending, size);
    } else if (pendingLength != 0) {
      skipOrThrow("an encoding as long as its instruction (" + size + " bytes)");
    }
    pendingLength = 0;
    boolean toKernel = address < 0 && address >>> 12 != VSYSCALL_PAGE;
    if (toKernel != kernel) {
      kernel = toKernel;
      batch.add(SET_CPL, kernel ? 0 : 3, 0, 0);
    }
    add(batch, size, address);
    return true;
  }

  private void add(ActionBatch batch, int size, long address) {
    counts.instructions++;
    next = address + size;
    int slot = encodings.find(address, size);
    if (slot < 0) {
      batch.add(INSTRUCTION, size, address, ActionBatch.NO_BYTES);
      return;
    }
    batch.addInstruction(address, encodings.bytes(), InstructionEncodings.offset(slot), size);
    Sensitive sensitive = encodings.sensitive(slot);
    if (sensitive != null && sensitive.replayable()) {
      batch.add(sensitive.kind(), sensitive.size(), sensitive.address(), 0);
    } else if (sensitive != null) {
      counts.withoutOperands++;
    }
  }

  /** Up to eight instructions that follow the last one; their lengths are bytes of the address. */
  private boolean bundle(ActionBatch batch, int count, long lengths) {
    if (count > 8) {
      skipOrThrow("a bundle of at most 8 instructions");
      return false;
    }
    for (int i = 0; i < count; i++) {
      instruction(batch, (int) (lengths >>> (8 * i)) & 0xff, next);
    }
    return true;
  }

  @Override
  public String position() {
    return "record " + records + " (byte " + records * RECORD + ")";
  }
}
