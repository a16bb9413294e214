# What the profiles of single CPUs build on. Every number here is assumed; a profile that knows
# better says so in its own file.

name = base
title = What no profile knows better; not a CPU

[sources]
b2 = #PF exit of Bugnion, Nieh, Tsafrir, "Hardware and Software Support for Virtualization" (2017): Broadwell 531, the newest core it has
scaled = Core 2 Duo price (Adams and Agesen, ASPLOS 2006, Table 1) scaled by the ratio of #PF exits
virtuoso = walk caches of 16, 16 and 32 entries are the choice of the simulator Virtuoso; no Intel figure is published
virtuoso-nested = a nested TLB of 64 entries, 4 ways is the choice of the simulator Virtuoso; no Intel figure is published
skylake = carried over from skylake-sp
cpi = the model's definition: one instruction completes per cycle
guess = order of magnitude only: no published figure was read
divzero = Pentium 4 divzero 889 (Adams and Agesen, ASPLOS 2006) scaled by #PF exits 531 / 1931 = 244, for delivery and IRET together
vmcall = kvm-unit-tests vmcall 1181 (KVM commit b7ffc44d5b2e, CPU not stated) - vm-exit 531 - vm-entry 420 - vmm.state-swap 64 - 4 vmread - 1 vmwrite
pgfault = Pentium 4 pgfault under VT-x without EPT 11242 - native 1093 - exit 1931 - entry 2409 (Adams and Agesen, ASPLOS 2006) = 5809, scaled by #PF exits 531 / 1931

[geometry]
guest.pml5e          = 0 entries | assumed | without 5-level paging there is none
guest.pml4e          = 16 entries | assumed | @virtuoso
guest.pdpte          = 16 entries | assumed | @virtuoso
guest.pde            = 32 entries | assumed | @virtuoso
ept.pml5e            = 0 entries | assumed | without 5-level paging there is none
ept.pml4e            = 16 entries | assumed | @virtuoso
ept.pdpte            = 16 entries | assumed | @virtuoso
ept.pde              = 32 entries | assumed | @virtuoso
nested-TLB.serves    = guest-physical serves | assumed | @virtuoso-nested
nested-TLB.pages     = 4K 2M 1G pages | assumed | @virtuoso-nested
nested-TLB.entries   = 64 entries | assumed | @virtuoso-nested
nested-TLB.ways      = 4 ways | assumed | @virtuoso-nested
nested-TLB.index     = modulo index | assumed | @virtuoso-nested

[costs]
tlb.l2-hit                     = 12 cycles | assumed | measurements of Haswell give 12 cycles for a second-level hit; carried over
walk.entry-read                = 12 cycles | assumed | as if every entry were found in the second-level cache; 12 cycles is its latency on Skylake
walk.nested-tlb-hit            = 1 cycles | assumed | looked up in the step that needs it

cache.l1-hit                   = 4 cycles | assumed | Skylake's, from notes on measurements of it
cache.l2-hit                   = 12 cycles | assumed | Skylake's, from notes on measurements of it
cache.l3-hit                   = 44 cycles | assumed | Skylake's, from notes on measurements of it
cache.memory                   = 200 cycles | assumed | @guess

vm-exit                        = 531 cycles | assumed | @b2; a price for #PF alone is published
vm-exit.EXCEPTION_NMI          = 531 cycles | assumed | @b2
vm-entry                       = 420 cycles | assumed | @scaled: 937 x 531 / 1186
vmread                         = 23 cycles | assumed | @scaled: 52 x 531 / 1186
vmwrite                        = 20 cycles | assumed | @scaled: 44 x 531 / 1186
msr-list.entry                 = 100 cycles | assumed | as instruction.wrmsr
vmxon                          = 500 cycles | assumed | @guess
vmxoff                         = 500 cycles | assumed | @guess
vmclear                        = 300 cycles | assumed | @guess
vmptrld                        = 200 cycles | assumed | @guess
vmptrst                        = 50 cycles | assumed | @guess
invept                         = 400 cycles | assumed | @guess
invvpid                        = 400 cycles | assumed | @guess
vmfunc                         = 150 cycles | assumed | @guess

exception.delivery             = 150 cycles | assumed | @divzero; 150 of 244
interrupt.delivery             = 150 cycles | assumed | as exception.delivery
iret                           = 94 cycles | assumed | @divzero; 94 of 244

instruction.simple             = 1 cycles | assumed | @cpi
instruction.branch             = 1 cycles | assumed | @cpi, and every branch predicted
instruction.locked             = 18 cycles | assumed | @skylake
instruction.syscall            = 70 cycles | assumed | @guess
instruction.software-interrupt = 1 cycles | assumed | the delivery that follows is priced apart
instruction.swapgs             = 20 cycles | assumed | @guess
instruction.cpuid              = 204 cycles | assumed | @skylake
instruction.port-io            = 100 cycles | assumed | @guess
instruction.rdmsr              = 100 cycles | assumed | @guess
instruction.wrmsr              = 100 cycles | assumed | @guess
instruction.hlt                = 100 cycles | assumed | @guess
instruction.mov-to-cr0         = 200 cycles | assumed | @guess
instruction.mov-to-cr3         = 200 cycles | assumed | @guess
instruction.mov-to-cr4         = 200 cycles | assumed | @guess
instruction.mov-to-cr8         = 16 cycles | assumed | kvm-unit-tests mov_to_cr8 with a TPR shadow, 16 (KVM commit b7ffc44d5b2e, CPU not stated)
instruction.mov-from-cr        = 11 cycles | assumed | kvm-unit-tests mov_from_cr8 with a TPR shadow, 11 (KVM commit b7ffc44d5b2e, CPU not stated)
instruction.mov-dr             = 30 cycles | assumed | @guess
instruction.invlpg             = 200 cycles | assumed | @guess
instruction.invpcid            = 200 cycles | assumed | as instruction.invlpg
instruction.rdtsc              = 25 cycles | assumed | @skylake
instruction.rdpmc              = 25 cycles | assumed | as instruction.rdtsc
instruction.pause              = 140 cycles | assumed | @skylake
instruction.monitor            = 100 cycles | assumed | @guess
instruction.mwait              = 100 cycles | assumed | @guess
instruction.wbinvd             = 2000 cycles | assumed | @guess
instruction.xsetbv             = 100 cycles | assumed | @guess
instruction.rdrand             = 275 cycles | assumed | @skylake
instruction.descriptor-table   = 50 cycles | assumed | @guess

vmm.state-swap                 = 64 cycles | assumed | 15 general registers and CR2, each stored and loaded for guest and host, one cycle each
vmm.table-read                 = 12 cycles | assumed | as walk.entry-read
vmm.table-write                = 12 cycles | assumed | as walk.entry-read
vmm.emulate                    = 500 cycles | assumed | @guess
handler                        = 54 cycles | assumed | @vmcall
handler.EXCEPTION_NMI          = 1597 cycles | assumed | @pgfault
handler.EPT_VIOLATION          = 1597 cycles | assumed | as handler.EXCEPTION_NMI: both find a page and fill an entry
userspace                      = 5028 cycles | assumed | kvm-unit-tests inl_qemu 6209 - vmcall 1181 (KVM commit b7ffc44d5b2e, CPU not stated)
