package io.vmxsim.bench;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an instruction of a hot loop costs the host, in 64-bit mode with 4-level paging.
 *
 * <table>
 *   <caption>Cost centres</caption>
 *   <tr><td>REGISTERS</td><td>dispatch, registers and flags</td></tr>
 *   <tr><td>MEMORY</td><td>loads and stores through the TLB's filter, and CALL and RET</td></tr>
 * </table>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ExecutionBenchmark {
  private static final int BATCH = 1 << 16;
  private static final long PML4 = 0x1000;
  private static final long CODE = 0x10_0000;
  private static final long DATA = 0x20_0000;

  /** What the loop does. */
  public enum Loop {
    /** add rax,rcx; xor rdx,rax; shl rdx,3; lea rbx,[rax+rdx*2]; cmp rbx,rax; dec rcx; jmp. */
    REGISTERS("4801c8 4831c2 48c1e203 488d1c50 4839c3 48ffc9 ebea"),
    /** mov rax,[rsi]; add rax,1; mov [rsi],rax; call 1f; jmp; 1: ret. */
    MEMORY("488b06 4883c001 488906 e802000000 ebef c3");

    private final String code;

    Loop(String code) {
      this.code = code.replace(" ", "");
    }

    private void load(PhysicalMemory memory) {
      for (int i = 0; i < code.length(); i += 2) {
        memory.write8(CODE + i / 2, Integer.parseInt(code.substring(i, i + 2), 16));
      }
    }
  }

  /** Which loop runs. */
  @Param({"REGISTERS", "MEMORY"})
  public Loop loop = Loop.REGISTERS;

  private Processor processor = machine();

  private static Processor machine() {
    CpuProfile profile = CpuProfile.named("skylake-sp");
    return new Processor(profile, new PhysicalMemory(profile.cpuid().maxPhyAddr()));
  }

  /** Maps the first 4 MBytes to themselves in pages of 4 KBytes and loads the code. */
  @Setup
  public void load() {
    processor = machine();
    PhysicalMemory memory = processor.memory();
    memory.write64(PML4, 0x2000 | 7);
    memory.write64(0x2000, 0x3000 | 7);
    for (int i = 0; i < 1024; i++) {
      memory.write64(0x3000 + 8L * (i / 512), (0x4000L + 0x1000L * (i / 512)) | 7);
      memory.write64(0x4000 + 8L * i, (long) i << 12 | 7);
    }
    loop.load(memory);
    CpuState state = processor.state();
    state.startIn64BitMode(PML4);
    state.rip = CODE;
    state.setRegister(CpuState.RSI, DATA);
    state.setRegister(CpuState.RSP, 0x30_0000);
    Executor.on(processor);
  }

  /** One instruction. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long instruction() {
    processor.run(BATCH);
    return processor.state().register(CpuState.RAX);
  }
}
