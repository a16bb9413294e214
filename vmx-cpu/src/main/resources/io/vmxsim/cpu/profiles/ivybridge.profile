# Intel Ivy Bridge-E: the die of Xeon E5 v2 without its APIC virtualization.

name = ivybridge
title = Ivy Bridge-E, 2013: Core i7-4930K (06_3EH)
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00306E4_IvyBridgeE_CPUID.txt
leaf2 = CPUID leaf 2 descriptors of the dump, read with SDM volume 2 Table 3-12 "Encoding of CPUID Leaf 2 Descriptors"
index = no published set index for this core; modulo is the plain choice
one-set = fully associative: one set
scaled = Core 2 Duo price (Adams and Agesen, ASPLOS 2006, Table 1) scaled by the ratio of #PF exits
b2 = #PF exit of Bugnion, Nieh, Tsafrir, "Hardware and Software Support for Virtualization" (2017): Ivy Bridge 466
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00306E4_IvyBridgeE_InstLatX64.txt

[cpuid]
0x0          = 0x0000000D 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x000306E4 0x00200800 0x7FBEE3BF 0xBFEBFBFF registers | published | @dump
0x2          = 0x76036301 0x00F0B2FF 0x00000000 0x00CA0000 registers | published | @dump
0x4/0x0      = 0x3C004121 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x1      = 0x3C004122 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x2      = 0x3C004143 0x01C0003F 0x000001FF 0x00000000 registers | published | @dump
0x4/0x3      = 0x3C07C163 0x03C0003F 0x00002FFF 0x00000006 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000003 0x00001120 registers | published | @dump
0x6          = 0x00000075 0x00000002 0x00000009 0x00000000 registers | published | @dump
0x7          = 0x00000000 0x00000281 0x00000000 0x00000000 registers | published | @dump
0x9          = 0x00000001 0x00000000 0x00000000 0x00000000 registers | published | @dump
0xA          = 0x07300403 0x00000000 0x00000000 0x00000603 registers | published | @dump
0xB/0x0      = 0x00000001 0x00000002 0x00000100 0x00000000 registers | published | @dump
0xB/0x1      = 0x00000005 0x0000000C 0x00000201 0x00000000 registers | published | @dump
0xD/0x0      = 0x00000007 0x00000340 0x00000340 0x00000000 registers | published | @dump
0xD/0x2      = 0x00000100 0x00000240 0x00000000 0x00000000 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000001 0x2C100000 registers | published | @dump
0x80000002   = 0x20202020 0x49202020 0x6C65746E 0x20295228 registers | published | @dump
0x80000003   = 0x65726F43 0x294D5428 0x2D376920 0x30333934 registers | published | @dump
0x80000004   = 0x5043204B 0x20402055 0x30342E33 0x007A4847 registers | published | @dump
0x80000006   = 0x00000000 0x00000000 0x01006040 0x00000000 registers | published | @dump
0x80000007   = 0x00000000 0x00000000 0x00000000 0x00000100 registers | published | @dump
0x80000008   = 0x0000302E 0x00000000 0x00000000 0x00000000 registers | published | @dump
0xD/0x1      = 0x00000001 0x00000000 0x00000000 0x00000000 registers | assumed | XSAVEOPT, which this core has; the dump omits the subleaf

[vmx]
IA32_VMX_BASIC               = 0x00DA040000000010 msr | published | @dump
IA32_VMX_PINBASED_CTLS       = 0x0000007F00000016 msr | published | @dump
IA32_VMX_PROCBASED_CTLS      = 0xFFF9FFFE0401E172 msr | published | @dump
IA32_VMX_EXIT_CTLS           = 0x007FFFFF00036DFF msr | published | @dump
IA32_VMX_ENTRY_CTLS          = 0x0000FFFF000011FF msr | published | @dump
IA32_VMX_MISC                = 0x00000000100401E5 msr | published | @dump
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | published | @dump
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | published | @dump
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | published | @dump
IA32_VMX_CR4_FIXED1          = 0x00000000001727FF msr | published | @dump
IA32_VMX_VMCS_ENUM           = 0x000000000000002A msr | published | @dump
IA32_VMX_PROCBASED_CTLS2     = 0x00000CFF00000000 msr | published | @dump
IA32_VMX_EPT_VPID_CAP        = 0x00000F0106134141 msr | published | @dump
IA32_VMX_TRUE_PINBASED_CTLS  = 0x0000007F00000016 msr | published | @dump
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFF9FFFE04006172 msr | published | @dump
IA32_VMX_TRUE_EXIT_CTLS      = 0x007FFFFF00036DFB msr | published | @dump
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0000FFFF000011FB msr | published | @dump

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
L1-DTLB-1G.serves    = load store serves | published | @leaf2
L1-DTLB-1G.pages     = 1G pages | published | @leaf2
L1-DTLB-1G.entries   = 4 entries | published | @leaf2
L1-DTLB-1G.ways      = 4 ways | published | @leaf2
L1-DTLB-1G.index     = modulo index | published | @one-set
L1-ITLB-4K.serves    = fetch serves | published | @leaf2
L1-ITLB-4K.pages     = 4K pages | published | @leaf2
L1-ITLB-4K.entries   = 64 entries | published | @leaf2
L1-ITLB-4K.ways      = 4 ways | published | @leaf2
L1-ITLB-4K.index     = modulo index | assumed | @index
L1-ITLB-2M.serves    = fetch serves | published | @leaf2
L1-ITLB-2M.pages     = 2M pages | published | @leaf2
L1-ITLB-2M.entries   = 8 entries | published | @leaf2
L1-ITLB-2M.ways      = 8 ways | published | @leaf2
L1-ITLB-2M.index     = modulo index | published | @one-set
STLB.serves          = second-level serves | published | @leaf2
STLB.pages           = 4K pages | published | @leaf2
STLB.entries         = 512 entries | published | @leaf2
STLB.ways            = 4 ways | published | @leaf2
STLB.index           = modulo index | assumed | @index
guest.pdpte          = 4 entries | assumed | measurements of Ivy Bridge and older give a PDPTE cache of 4
ept.pdpte            = 4 entries | assumed | measurements of Ivy Bridge and older give a PDPTE cache of 4

[costs]
clock                       = 3400 MHz | published | brand string in CPUID leaves 80000002H to 80000004H of the dump
vm-exit                        = 466 cycles | assumed | @b2; a price for #PF alone is published
vm-exit.EXCEPTION_NMI          = 466 cycles | published | @b2
vm-entry                       = 368 cycles | assumed | @scaled: 937 x 466 / 1186
vmread                         = 20 cycles | assumed | @scaled: 52 x 466 / 1186
vmwrite                        = 17 cycles | assumed | @scaled: 44 x 466 / 1186
instruction.locked             = 22 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 371 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 27 cycles | published | @instlat (throughput)
instruction.pause              = 11 cycles | published | @instlat (throughput)
instruction.rdrand             = 298 cycles | published | @instlat (RDRAND r64, throughput)
