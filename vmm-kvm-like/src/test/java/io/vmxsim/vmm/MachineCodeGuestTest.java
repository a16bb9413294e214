package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import org.junit.jupiter.api.Test;

/**
 * Machine code as a guest under EPT: its devices, events and registers are the VMM's to provide.
 */
class MachineCodeGuestTest {
  /** Ends the machine with exit code 2·AL+1. */
  private static final String END = "\n out 0xf4, al\n";

  /** Brings the local APIC into x2APIC mode and enables it; EBX, ESI and EDX become 0. */
  private static final String X2APIC =
      """
      mov ecx, 0x1b
      rdmsr
      or eax, 0x400
      wrmsr
      mov ecx, 0x80f
      xor edx, edx
      mov eax, 0x1ff
      wrmsr
      mov edi, 0x300000
      xor ebx, ebx
      xor esi, esi
      """;

  /** Asks for the paravirtual EOI at 300000H. */
  private static final String PARAVIRTUAL_EOI =
      """
      mov ecx, 0x4b564d04
      lea eax, [rdi+1]
      wrmsr
      """;

  /** Ends an interrupt without an exit if the bit at 300000H allows that, else counts it in EBX. */
  private static final String END_OF_INTERRUPT =
      """
      btr dword ptr [rdi], 0
      jb done
      inc ebx
      xor edx, edx
      xor eax, eax
      mov ecx, 0x80b
      wrmsr
      done: iretq
      """;

  /** Enables the local APIC, whose page is at RDI from then on. */
  private static final String LOCAL_APIC =
      "mov edi, 0xfee00000\n mov dword ptr [rdi+0xf0], 0x1ff\n ";

  private static LiveGuest ept(String code) {
    return new LiveGuest(VmPaging.EPT, "start:\n" + code);
  }

  private static String handler(String code) {
    return "\n align 0x800\n" + code;
  }

  @Test
  void outputGoesToTheSerialPortByExits() {
    LiveGuest guest =
        ept("mov dx, 0x3f8\n mov al, 'h'\n out dx, al\n mov al, 'i'\n out dx, al" + END);
    assertEquals("hi", guest.said.toString());
    assertEquals(3, guest.exits(ExitReason.IO_INSTRUCTION));
    assertEquals(MachineEnd.Cause.GUEST, guest.end.cause());
    assertEquals(2 * 'i' + 1, guest.end.exitCode());
    assertEquals(6, guest.machine.instructions());
  }

  @Test
  void stringOutputIsEmulated() {
    LiveGuest guest =
        ept(
            "mov esi, text\n mov ecx, 3\n mov dx, 0x3f8\n rep outsb\n mov al, cl"
                + END
                + "text: db \"abc\"");
    assertEquals("abc", guest.said.toString());
    assertEquals(1, guest.end.exitCode());
  }

  @Test
  void anAccessWithoutMemoryIsTheDevices() {
    // the version register of the I/O APIC, 1: through its window
    LiveGuest guest =
        ept("mov edi, 0xfec00000\n mov dword ptr [rdi], 1\n mov eax, [rdi+0x10]" + END);
    assertEquals(2 * 0x20 + 1, guest.end.exitCode());
  }

  @Test
  void theUserspaceLegIsChargedForSerialAndNotForTheInterruptController() {
    LiveGuest serial = ept("mov dx, 0x3fb\n in al, dx\n xor eax, eax" + END);
    LiveGuest pic = ept("mov dx, 0x21\n in al, dx\n xor eax, eax" + END);
    long userspace = serial.processor().cycles().vmm - pic.processor().cycles().vmm;
    assertEquals(serial.processor().costs().of(Cost.USERSPACE), userspace);
  }

  @Test
  void cpuidHidesVmxAndShowsAHypervisor() {
    LiveGuest guest =
        ept("mov eax, 1\n cpuid\n mov eax, ecx\n shr eax, 31\n bt ecx, 5\n adc eax, eax" + END);
    assertEquals(2 * 2 + 1, guest.end.exitCode());
  }

  @Test
  void whatTheVmmHidesIsAnInvalidOpcodeOrGeneralProtection() {
    LiveGuest guest =
        ept("mov ecx, 0x480\n rdmsr\n mov al, 1" + END + handler("pop rcx\n mov al, 7" + END));
    assertEquals(2 * 7 + 1, guest.end.exitCode());
    LiveGuest enters =
        ept(
            "mov rax, cr4\n or eax, 0x2000\n mov cr4, rax\n mov al, 1"
                + END
                + handler("mov al, 9" + END));
    assertEquals(2 * 9 + 1, enters.end.exitCode());
  }

  @Test
  void shadowPagingHidesInvpcidWithThePcids() {
    String hidden = "mov eax, 7\n xor ecx, ecx\n cpuid\n bt ebx, 10\n setb bl\n";
    String code = hidden + "xor eax, eax\n invpcid rax, xmmword ptr [rsp-64]\n mov al, 5" + END;
    String invalid = handler("mov al, 9\n add al, bl" + END);
    assertEquals(2 * 5 + 1, ept(code + invalid).end.exitCode());
    LiveGuest shadow = new LiveGuest(VmPaging.SHADOW, "start:\n" + code + invalid);
    assertEquals(2 * 9 + 1, shadow.end.exitCode());
    String tagged =
        "xor ebx, ebx\n mov rax, cr4\n or eax, 0x20000\n mov cr4, rax\n mov al, 5" + END;
    LiveGuest sets = new LiveGuest(VmPaging.SHADOW, "start:\n" + tagged + invalid);
    assertEquals(2 * 9 + 1, sets.end.exitCode());
  }

  @Test
  void theLocalApicTimerEndsAWait() {
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + " mov dword ptr [rdi+0x320], 0x40\n"
                + " mov dword ptr [rdi+0x380], 1000\n"
                + " sti\n"
                + " hlt\n"
                + " mov al, 3"
                + END
                + handler("mov dword ptr [rdi+0xb0], 0\n inc ebx\n iretq\n"));
    assertEquals(2 * 3 + 1, guest.end.exitCode());
    assertEquals(1, guest.processor().state().register(CpuState.RBX));
    assertEquals(1, guest.exits(ExitReason.HLT));
    assertTrue(guest.processor().cycles().idle > 0);
  }

  @Test
  void theTimerReachesAGuestThatNeverWaitsByThePreemptionTimer() {
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + " mov dword ptr [rdi+0x320], 0x40\n"
                + " mov dword ptr [rdi+0x380], 1000\n"
                + " sti\n"
                + "loop: jmp loop"
                + handler("mov al, 4" + END));
    assertEquals(2 * 4 + 1, guest.end.exitCode());
    assertEquals(1, guest.exits(ExitReason.PREEMPTION_TIMER));
  }

  @Test
  void anInterruptThatIsMaskedWaitsForItsWindow() {
    // a self-IPI with interrupts off: vector 50H
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + " mov dword ptr [rdi+0x300], 0x40050\n"
                + " nop\n"
                + " nop\n"
                + " sti\n"
                + " nop\n"
                + "loop: jmp loop"
                + handler("mov al, 5" + END));
    assertEquals(2 * 5 + 1, guest.end.exitCode());
    assertEquals(1, guest.exits(ExitReason.INTERRUPT_WINDOW));
  }

  @Test
  void theTaskPriorityHoldsInterruptsBack() {
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + " mov eax, 5\n"
                + " mov cr8, rax\n"
                + " sti\n"
                + " mov dword ptr [rdi+0x300], 0x40050\n"
                + " mov ecx, 100\n"
                + "wait: loop wait\n"
                + " mov rbx, cr8\n"
                + " xor eax, eax\n"
                + " mov cr8, rax\n"
                + " nop\n"
                + "loop: jmp loop"
                + handler("mov al, bl\n add al, cl" + END));
    assertEquals(2 * 5 + 1, guest.end.exitCode());
    assertEquals(0, guest.exits(ExitReason.CR_ACCESS), "the processor has a TPR shadow");
    assertEquals(1, guest.exits(ExitReason.TPR_BELOW_THRESHOLD));
  }

  @Test
  void anInterruptThatComesLaterIsHeldBackNoLongerThanTheTaskPriorityIs() {
    // the 8254 by the I/O APIC, while nothing exits; then EBX counts what follows MOV to CR8
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + """
                mov esi, 0xfec00000
                mov dword ptr [rsi], 0x14
                mov dword ptr [rsi+0x10], 0x50
                mov eax, 15
                mov cr8, rax
                sti
                mov al, 0x30
                out 0x43, al
                mov al, 20
                out 0x40, al
                xor eax, eax
                out 0x40, al
                mov ecx, 100000
                wait: loop wait
                xor ebx, ebx
                mov cr8, rax
                nop
                count: inc ebx
                cmp ebx, 100
                jb count
                mov al, bl
                """
                + END
                + handler("mov al, bl\n" + END));
    assertEquals(1, guest.end.exitCode());
    assertEquals(1, guest.exits(ExitReason.TPR_BELOW_THRESHOLD));
  }

  @Test
  void aTripleFaultEndsTheMachine() {
    LiveGuest guest = ept("mov eax, nothing\n lidt [rax]\n ud2\n nothing: dq 0\n dq 0");
    assertEquals(MachineEnd.Cause.TRIPLE_FAULT, guest.end.cause());
    assertEquals(1, guest.exits(ExitReason.TRIPLE_FAULT));
    String report = guest.machine.shutdownReport(0);
    assertTrue(report.startsWith("a guest: RIP 100008 "), report); // behind MOV and LIDT
    assertTrue(report.contains("64-bit mode, bytes at RIP: 0f 0b"), report);
    assertTrue(report.contains("#UD"), report);
  }

  @Test
  void aSingleStepThroughAnExitingInstructionTraps() {
    LiveGuest guest =
        ept(
            "pushfq\n or dword ptr [rsp], 0x100\n popfq\n cpuid\n nop\n mov al, 1"
                + END
                + handler("mov eax, start\n mov rbx, [rsp]\n sub rbx, rax\n mov al, bl" + END));
    // pushfq 1, or 7, popfq 1; behind popfq comes CPUID, and the trap behind that
    assertEquals(2 * 11 + 1, guest.end.exitCode());
  }

  @Test
  void equalRunsAreEqual() {
    String code = "mov ecx, 50\n again: push rcx\n cpuid\n pop rcx\n loop again\n mov al, 0" + END;
    LiveGuest first = ept(code);
    LiveGuest second = ept(code);
    assertEquals(first.processor().now(), second.processor().now());
    assertEquals(50, first.exits(ExitReason.CPUID));
  }

  @Test
  void aLoaderFindsTheProcessorAsAResetLeavesIt() {
    Machine machine =
        new Machine(
            CpuProfile.named("skylake-sp"),
            1 << 20,
            1,
            character -> {},
            new Hypervisor(VmOptions.ept(PageSize.SIZE_4K)));
    CpuState state = machine.processor(0).state();
    assertEquals(0, state.efer());
    assertEquals(0, state.cr4());
    assertEquals(0, state.cr3());
  }

  @Test
  void debugRegistersAreGuardedByGeneralDetect() {
    // DR7.GD, then MOV from DR0: #DB with DR6.BD, bit 13
    LiveGuest guest =
        ept(
            "mov eax, 0x2400\n mov dr7, rax\n mov rbx, dr0\n mov al, 1"
                + END
                + handler("mov rax, dr6\n shr eax, 13\n and eax, 1\n add eax, 6" + END));
    assertEquals(2 * 7 + 1, guest.end.exitCode());
  }

  @Test
  void aHaltThatIsSingleSteppedDoesNotWait() {
    LiveGuest guest =
        ept(
            "pushfq\n or dword ptr [rsp], 0x100\n popfq\n hlt\n mov al, 1"
                + END
                + handler("mov al, 8" + END));
    assertEquals(2 * 8 + 1, guest.end.exitCode());
  }

  @Test
  void anNmiToOneselfArrivesBehindStiToo() {
    // the ICR: NMI to self by shorthand is not allowed; physical destination 0 is
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + " mov dword ptr [rdi+0x310], 0\n"
                + " xor ecx, ecx\n mov dword ptr [rdi+0x300], 0x4400\n mov al, cl"
                + END
                + handler("inc ecx\n iretq"));
    assertEquals(2 * 1 + 1, guest.end.exitCode());
  }

  /**
   * Ten interrupts to oneself, ended by clearing the bit at 300000H, or by the EOI register where
   * it is not set; BL counts those that were not.
   */
  private static String selfInterrupts(String enable) {
    return X2APIC
        + enable
        + """
        sti
        mov ebp, 10
        again: mov ecx, 0x83f
        mov eax, 0x50
        wrmsr
        nop
        dec ebp
        jne again
        mov al, bl
        """
        + END
        + handler(END_OF_INTERRUPT);
  }

  @Test
  void anInterruptEndsWithoutAnExitWhereTheGuestHasAskedForThat() {
    LiveGuest plain = ept(selfInterrupts(""));
    assertEquals(2 * 10 + 1, plain.end.exitCode());
    LiveGuest paravirtual = ept(selfInterrupts(PARAVIRTUAL_EOI));
    assertEquals(1, paravirtual.end.exitCode());
    // ten EOIs fewer, one WRMSR of the MSR that asks
    assertEquals(plain.exits(ExitReason.MSR_WRITE) - 9, paravirtual.exits(ExitReason.MSR_WRITE));
  }

  @Test
  void theEndOfAnInterruptIsSeenWhereAnotherWaitsForIt() {
    // in its handler, vector 50H requests itself once: the bit must not be set then
    LiveGuest guest =
        ept(
            X2APIC
                + PARAVIRTUAL_EOI
                + """
                sti
                mov ecx, 0x83f
                mov eax, 0x50
                wrmsr
                mov ecx, 1000
                wait: loop wait
                mov eax, ebx
                add eax, esi
                """
                + END
                + handler(
                    """
                    inc esi
                    cmp esi, 1
                    jne last
                    mov ecx, 0x83f
                    mov eax, 0x50
                    wrmsr
                    last:
                    """
                        + END_OF_INTERRUPT));
    // two interrupts, of which the first is ended by the register
    assertEquals(2 * 3 + 1, guest.end.exitCode());
  }

  @Test
  void theHypervisorSaysWhatItOffers() {
    LiveGuest guest =
        ept(
            "mov eax, 0x40000000\n cpuid\n cmp ebx, 0x4b4d564b\n jne no\n mov eax, 0x40000001\n"
                + " cpuid\n and eax, 0x7f\n jmp end\nno: xor eax, eax\nend:"
                + END);
    assertEquals(2 * 0x40 + 1, guest.end.exitCode());
  }

  @Test
  void aTimerThatIsFasterThanItsExitsLetsTheGuestRun() {
    // after 16 ticks, for which the handler sets it anew; that counts to 8
    LiveGuest guest =
        ept(
            LOCAL_APIC
                + " mov dword ptr [rdi+0x3e0], 11\n"
                + " mov dword ptr [rdi+0x320], 0x40\n"
                + " mov dword ptr [rdi+0x380], 16\n"
                + " xor ecx, ecx\n"
                + " sti\n"
                + "loop: jmp loop"
                + handler(
                    "mov dword ptr [rdi+0xb0], 0\n mov dword ptr [rdi+0x380], 16\n"
                        + " inc ecx\n cmp ecx, 8\n je full\n iretq\n"
                        + "full: mov al, cl"
                        + END));
    assertEquals(2 * 8 + 1, guest.end.exitCode());
  }
}
