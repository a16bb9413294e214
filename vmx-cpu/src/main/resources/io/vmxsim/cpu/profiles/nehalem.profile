# Intel Nehalem: the first core with EPT and VPID; no unrestricted guest, no EPT accessed and
# dirty flags, no PCID.

name = nehalem
title = Nehalem, 2008: Core i7 860 (06_1EH); first EPT and VPID
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00106E5_Lynnfield_CPUID.txt
dbvm = Cheat Engine dbvm/vmm/vmmhelper.c at e24c593d, comment "core i7 values" (VMCS revision 0EH)
westmere = the next shrink, Westmere: InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00206C2_Gulftown_01_CPUID.txt
leaf2 = CPUID leaf 2 descriptors of the dump, read with SDM volume 2 Table 3-12 "Encoding of CPUID Leaf 2 Descriptors"
index = no published set index for this core; modulo is the plain choice
one-set = fully associative: one set
scaled = Core 2 Duo price (Adams and Agesen, ASPLOS 2006, Table 1) scaled by the ratio of #PF exits
b2 = #PF exit of Bugnion, Nieh, Tsafrir, "Hardware and Software Support for Virtualization" (2017): Westmere 569, the next shrink of this core; SplitX gives 2,000 for the direct cost of an exit, both ways, on an X5570
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00106E5_Lynnfield_InstLatX64.txt

[cpuid]
0x0          = 0x0000000B 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x000106E5 0x00100800 0x0098E3FD 0xBFEBFBFF registers | published | @dump
0x2          = 0x55035A01 0x00F0B2E4 0x00000000 0x09CA212C registers | published | @dump
0x4/0x0      = 0x1C004121 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x1      = 0x1C004122 0x00C0003F 0x0000007F 0x00000000 registers | published | @dump
0x4/0x2      = 0x1C004143 0x01C0003F 0x000001FF 0x00000000 registers | published | @dump
0x4/0x3      = 0x1C03C163 0x03C0003F 0x00001FFF 0x00000002 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000003 0x00001120 registers | published | @dump
0x6          = 0x00000003 0x00000002 0x00000001 0x00000000 registers | published | @dump
0xA          = 0x07300403 0x00000044 0x00000000 0x00000603 registers | published | @dump
0xB/0x0      = 0x00000001 0x00000002 0x00000100 0x00000000 registers | published | @dump
0xB/0x1      = 0x00000004 0x00000008 0x00000201 0x00000000 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000001 0x28100000 registers | published | @dump
0x80000002   = 0x65746E49 0x2952286C 0x726F4320 0x4D542865 registers | published | @dump
0x80000003   = 0x37692029 0x55504320 0x20202020 0x20202020 registers | published | @dump
0x80000004   = 0x30363820 0x20402020 0x30382E32 0x007A4847 registers | published | @dump
0x80000006   = 0x00000000 0x00000000 0x01006040 0x00000000 registers | published | @dump
0x80000007   = 0x00000000 0x00000000 0x00000000 0x00000100 registers | published | @dump
0x80000008   = 0x00003024 0x00000000 0x00000000 0x00000000 registers | published | @dump

[vmx]
IA32_VMX_BASIC               = 0x00DA04000000000E msr | published | @dbvm
IA32_VMX_PINBASED_CTLS       = 0x0000007F00000016 msr | published | @dbvm
IA32_VMX_PROCBASED_CTLS      = 0xFFF9FFFE0401E172 msr | published | @dbvm
IA32_VMX_EXIT_CTLS           = 0x007FFFFF00036DFF msr | published | @dbvm
IA32_VMX_ENTRY_CTLS          = 0x0000FFFF000011FF msr | published | @dbvm
IA32_VMX_MISC                = 0x00000000000401C5 msr | published | @dbvm
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | assumed | @westmere
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | assumed | @westmere
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | assumed | @westmere
IA32_VMX_CR4_FIXED1          = 0x00000000000067FF msr | assumed | @westmere, less PCIDE, which CPUID lacks
IA32_VMX_VMCS_ENUM           = 0x000000000000002A msr | assumed | @westmere
IA32_VMX_PROCBASED_CTLS2     = 0x0000007F00000000 msr | published | @dbvm
IA32_VMX_EPT_VPID_CAP        = 0x00000F0106114141 msr | assumed | @westmere, less 1-GByte pages, which CPUID lacks
IA32_VMX_TRUE_PINBASED_CTLS  = 0x0000007F00000016 msr | assumed | @westmere
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFF9FFFE04006172 msr | assumed | @westmere
IA32_VMX_TRUE_EXIT_CTLS      = 0x007FFFFF00036DFB msr | assumed | @westmere
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0000FFFF000011FB msr | assumed | @westmere

[geometry]
L1-DTLB-4K.serves    = load store serves | published | @leaf2
L1-DTLB-4K.pages     = 4K pages | published | @leaf2
L1-DTLB-4K.entries   = 64 entries | published | @leaf2
L1-DTLB-4K.ways      = 4 ways | published | @leaf2
L1-DTLB-4K.index     = modulo index | assumed | @index
L1-DTLB-2M.serves    = load store serves | published | @leaf2
L1-DTLB-2M.pages     = 2M pages | published | @leaf2
L1-DTLB-2M.entries   = 32 entries | published | @leaf2
L1-DTLB-2M.ways      = 4 ways | published | @leaf2
L1-DTLB-2M.index     = modulo index | assumed | @index
L1-ITLB-4K.serves    = fetch serves | published | @leaf2
L1-ITLB-4K.pages     = 4K pages | published | @leaf2
L1-ITLB-4K.entries   = 64 entries | published | @leaf2
L1-ITLB-4K.ways      = 4 ways | published | @leaf2
L1-ITLB-4K.index     = modulo index | assumed | @index
L1-ITLB-2M.serves    = fetch serves | published | @leaf2
L1-ITLB-2M.pages     = 2M pages | published | @leaf2
L1-ITLB-2M.entries   = 7 entries | published | @leaf2
L1-ITLB-2M.ways      = 7 ways | published | @leaf2
L1-ITLB-2M.index     = modulo index | published | @one-set
STLB.serves          = second-level serves | published | @leaf2
STLB.pages           = 4K pages | published | @leaf2
STLB.entries         = 512 entries | published | @leaf2
STLB.ways            = 4 ways | published | @leaf2
STLB.index           = modulo index | assumed | @index
guest.pdpte          = 4 entries | assumed | measurements of Ivy Bridge and older give a PDPTE cache of 4
ept.pdpte            = 4 entries | assumed | measurements of Ivy Bridge and older give a PDPTE cache of 4

[costs]
clock                       = 2800 MHz | published | brand string in CPUID leaves 80000002H to 80000004H of the dump
vm-exit                        = 569 cycles | assumed | @b2; a price for #PF alone is published
vm-exit.EXCEPTION_NMI          = 569 cycles | assumed | @b2
vm-entry                       = 450 cycles | assumed | @scaled: 937 x 569 / 1186
vmread                         = 25 cycles | assumed | @scaled: 52 x 569 / 1186
vmwrite                        = 21 cycles | assumed | @scaled: 44 x 569 / 1186
instruction.locked             = 20 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 196 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 24 cycles | published | @instlat (throughput)
instruction.pause              = 9 cycles | published | @instlat (throughput)
