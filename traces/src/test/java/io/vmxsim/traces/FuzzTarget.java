package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsFile;
import io.vmxsim.vmcs.doctor.Diagnosis;
import io.vmxsim.vmcs.doctor.DiagnosisText;
import io.vmxsim.vmcs.doctor.VmcsDump;
import io.vmxsim.vmcs.doctor.VmcsDumps;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Everything that reads bytes from outside. Whatever the bytes, it ends in a result or in one of
 * the two complaints that the program prints as one line; anything else that is thrown is a
 * finding.
 *
 * <p>{@link StoredCorpusTest} gives each the inputs stored under its name. Jazzer, which makes up
 * more, calls {@link #fuzzerTestOneInput}; docs/testing.md tells how.
 */
public enum FuzzTarget {
  LACKEY {
    @Override
    void read(byte[] bytes) {
      trace(bytes, TraceFormat.LACKEY);
    }
  },
  CHAMPSIM {
    @Override
    void read(byte[] bytes) {
      trace(bytes, TraceFormat.CHAMPSIM);
    }
  },
  DRMEMTRACE {
    @Override
    void read(byte[] bytes) {
      trace(bytes, TraceFormat.DRMEMTRACE);
    }
  },
  VXT {
    @Override
    void read(byte[] bytes) {
      trace(bytes, TraceFormat.VXT);
    }
  },
  /** The kernel's trace of KVM. */
  KVM {
    @Override
    void read(byte[] bytes) {
      TraceInput input = new TraceInput("input", new ByteArrayInputStream(bytes), bytes.length);
      try (KvmTraceReader reader = KvmTraceReader.open(input, false)) {
        KvmTrace.read(reader, 3);
      }
    }
  },
  /** VMCS dumps in logs, and what the doctor says of them. */
  DUMP {
    @Override
    void read(byte[] bytes) {
      for (VmcsDump dump : VmcsDumps.log("input", new String(bytes, StandardCharsets.UTF_8))) {
        DiagnosisText.of(
            Diagnosis.of(
                dump, Cpu.PROFILE.name(), Cpu.PROFILE.vmxCapabilities(), Cpu.PROFILE.cpuFacts()),
            true);
      }
    }
  },
  /** VMCS files. */
  VMCS {
    @Override
    void read(byte[] bytes) {
      VmcsFile.restore(file(bytes));
    }
  },
  PROFILE {
    @Override
    void read(byte[] bytes) {
      CpuProfile.read(file(bytes));
    }
  },
  /** Kernel images. */
  IMAGE {
    @Override
    void read(byte[] bytes) {
      ImageLoader.load(
          new BootRequest("input", bytes, "", List.of()),
          new Machine(Cpu.PROFILE, 16 << 20, 1, character -> {}));
    }
  },
  /** Machine code; an instruction is as long as it says, or goes on beyond the bytes. */
  DECODER {
    @Override
    void read(byte[] bytes) {
      for (CodeMode mode : CodeMode.values()) {
        Instruction into = new Instruction();
        for (int at = 0; at < bytes.length; at += into.length) {
          Op op = Code.DECODER.decode(bytes, at, bytes.length, mode, into);
          if (op == Op.INCOMPLETE) {
            break;
          }
          if (into.length < 1 || into.length > Math.min(Decoder.LONGEST, bytes.length - at)) {
            throw new IllegalStateException(op + " of length " + into.length);
          }
        }
      }
    }
  };

  private static final int MOST_BATCHES = 1000;

  abstract void read(byte[] bytes);

  /** Reads bytes; returns whether they were good. */
  boolean accepts(byte[] bytes) {
    try {
      read(bytes);
      return true;
    } catch (InputException | NotModelledException complaint) {
      return false;
    }
  }

  /** The system property {@code fuzz.target}. */
  private static FuzzTarget chosen() {
    String name = System.getProperty("fuzz.target", "lackey");
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  /**
   * What Jazzer calls first: makes profiles and opcode maps, which takes minutes with every
   * comparison noted and would count as the first input's time.
   */
  public static void fuzzerInitialize() {
    chosen().accepts(new byte[] {0});
  }

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) {
    chosen().accepts(bytes);
  }

  private static void trace(byte[] bytes, TraceFormat format) {
    try (TraceReader reader =
        TraceFormats.open(
            "input",
            new ByteArrayInputStream(bytes),
            bytes.length,
            new TraceOptions(format, false))) {
      ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
      for (int i = 0; i < MOST_BATCHES && reader.fill(batch); i++) {
        if (batch.count() == 0) {
          throw new IllegalStateException("an empty batch before the end");
        }
      }
    }
  }

  /** The same file each time. */
  private static Path file(byte[] bytes) {
    try {
      return Files.write(FileHolder.FILE, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Made when a target needs it: Jazzer takes long to look through all of it. */
  private static final class Cpu {
    static final CpuProfile PROFILE = CpuProfile.named("skylake-sp");
  }

  private static final class Code {
    static final Decoder DECODER = Decoder.ofEverything();
  }

  private static final class FileHolder {
    static final Path FILE = create();

    private static Path create() {
      try {
        Path file = Files.createTempFile("fuzz", ".input");
        file.toFile().deleteOnExit();
        return file;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
