# Intel Core 2: VT-x without EPT, VPID and secondary controls.

name = core2duo
title = Core 2 Duo, 2006: as Core 2 Extreme X6800 (06_0FH); VT-x without EPT
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00006F6_Conroe_CPUID.txt
vbox = MSRs of a Core 2 X6800 as VirtualBox's CPU database records them (Intel_Core2_X6800_2_93GHz.h, 2017)
adams = Adams and Agesen, ASPLOS 2006, Table 1, Core 2 Duo at 2.66 GHz, from notes quoting it
leaf2 = CPUID leaf 2 descriptors of the dump, read with SDM volume 2 Table 3-12 "Encoding of CPUID Leaf 2 Descriptors"
index = no published set index for this core; modulo is the plain choice
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00006F6_Conroe_InstLatX64.txt
no-ept = this core has no EPT, so no such structure
pf = as vm-exit.EXCEPTION_NMI: a price for #PF alone is published
pgfault = the price of pentium4-672.profile, fitted to pgfault there, scaled by #PF exits 1186 / 1931
scaled = the price of base.profile scaled by #PF exits 1186 / 531

[cpuid]
0x0          = 0x0000000A 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x000006F6 0x00020800 0x0000E3BD 0xBFEBFBFF registers | published | @dump
0x2          = 0x05B0B101 0x005657F0 0x00000000 0x2CB43049 registers | published | @dump
0x4/0x0      = 0x04000121 0x01C0003F 0x0000003F 0x00000001 registers | published | @dump
0x4/0x1      = 0x04000122 0x01C0003F 0x0000003F 0x00000001 registers | published | @dump
0x4/0x2      = 0x04004143 0x03C0003F 0x00000FFF 0x00000001 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000003 0x00000020 registers | published | @dump
0x6          = 0x00000001 0x00000002 0x00000001 0x00000000 registers | published | @dump
0x8          = 0x00000400 0x00000000 0x00000000 0x00000000 registers | published | @dump
0xA          = 0x07280202 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000001 0x20100000 registers | published | @dump
0x80000002   = 0x65746E49 0x2952286C 0x726F4320 0x4D542865 registers | published | @dump
0x80000003   = 0x43203229 0x20205550 0x20202020 0x58202020 registers | published | @dump
0x80000004   = 0x30303836 0x20402020 0x33392E32 0x007A4847 registers | published | @dump
0x80000006   = 0x00000000 0x00000000 0x10008040 0x00000000 registers | published | @dump
0x80000008   = 0x00003024 0x00000000 0x00000000 0x00000000 registers | published | @dump

[vmx]
IA32_VMX_BASIC               = 0x001A040000000007 msr | published | @vbox
IA32_VMX_PINBASED_CTLS       = 0x0000001F00000016 msr | published | @vbox
IA32_VMX_PROCBASED_CTLS      = 0x77B9FFFE0401E172 msr | published | @vbox
IA32_VMX_EXIT_CTLS           = 0x0003EFFF00036DFF msr | published | @vbox
IA32_VMX_ENTRY_CTLS          = 0x00001FFF000011FF msr | published | @vbox
IA32_VMX_MISC                = 0x00000000000403C0 msr | published | @vbox
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | published | @vbox
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | published | @vbox
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | published | @vbox
IA32_VMX_CR4_FIXED1          = 0x00000000000027FF msr | published | @vbox
IA32_VMX_VMCS_ENUM           = 0x000000000000002C msr | published | @vbox

[geometry]
L1-DTLB-4K.serves    = load store serves | assumed | @leaf2; it says data, and that stores use it too is assumed
L1-DTLB-4K.pages     = 4K pages | published | @leaf2
L1-DTLB-4K.entries   = 16 entries | published | @leaf2
L1-DTLB-4K.ways      = 4 ways | published | @leaf2
L1-DTLB-4K.index     = modulo index | assumed | @index
L1-DTLB-2M.serves    = load store serves | assumed | @leaf2; it says data, and that stores use it too is assumed
L1-DTLB-2M.pages     = 2M pages | published | @leaf2
L1-DTLB-2M.entries   = 16 entries | published | @leaf2
L1-DTLB-2M.ways      = 4 ways | published | @leaf2
L1-DTLB-2M.index     = modulo index | assumed | @index
L1-ITLB-4K.serves    = fetch serves | published | @leaf2
L1-ITLB-4K.pages     = 4K pages | published | @leaf2
L1-ITLB-4K.entries   = 128 entries | published | @leaf2
L1-ITLB-4K.ways      = 4 ways | published | @leaf2
L1-ITLB-4K.index     = modulo index | assumed | @index
L1-ITLB-2M.serves    = fetch serves | published | @leaf2
L1-ITLB-2M.pages     = 2M pages | published | @leaf2
L1-ITLB-2M.entries   = 8 entries | published | @leaf2
L1-ITLB-2M.ways      = 4 ways | published | @leaf2
L1-ITLB-2M.index     = modulo index | assumed | @index
STLB-4K.serves       = second-level serves | assumed | @leaf2; the core's serves data alone, the model's fetches too
STLB-4K.pages        = 4K pages | published | @leaf2
STLB-4K.entries      = 256 entries | published | @leaf2
STLB-4K.ways         = 4 ways | published | @leaf2
STLB-4K.index        = modulo index | assumed | @index
STLB-2M.serves       = second-level serves | assumed | @leaf2; the core's serves data alone, the model's fetches too
STLB-2M.pages        = 2M pages | published | @leaf2
STLB-2M.entries      = 32 entries | published | @leaf2
STLB-2M.ways         = 4 ways | published | @leaf2
STLB-2M.index        = modulo index | assumed | @index
guest.pdpte          = 4 entries | assumed | measurements of Ivy Bridge and older give a PDPTE cache of 4
ept.pml4e            = 0 entries | published | @no-ept
ept.pdpte            = 0 entries | published | @no-ept
ept.pde              = 0 entries | published | @no-ept
nested-TLB.entries   = 0 entries | published | @no-ept

[costs]
clock                       = 2660 MHz | published | @adams
vm-exit                        = 1186 cycles | assumed | @pf
vm-exit.EXCEPTION_NMI          = 1186 cycles | published | @adams
vm-entry                       = 937 cycles | published | @adams
vmread                         = 52 cycles | published | @adams
vmwrite                        = 44 cycles | published | @adams
instruction.locked             = 27 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 215 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 64 cycles | published | @instlat (throughput)
instruction.pause              = 8 cycles | published | @instlat (throughput)
vmm.emulate                    = 1117 cycles | assumed | @scaled
handler                        = 121 cycles | assumed | @scaled
userspace                      = 11230 cycles | assumed | @scaled
handler.EXCEPTION_NMI          = 2737 cycles | assumed | @pgfault
