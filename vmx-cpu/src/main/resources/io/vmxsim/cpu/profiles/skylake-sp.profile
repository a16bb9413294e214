# Intel Skylake-SP. Prices of VM entry and exit are those of Broadwell: none are published for this
# core.

name = skylake-sp
title = Skylake-SP, 2017: Xeon Platinum 8160 (06_55H)
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel0050654_SkylakeXeon_20_CPUID.txt
leaf2 = CPUID leaf 2 descriptors of the dump, read with SDM volume 2 Table 3-12 "Encoding of CPUID Leaf 2 Descriptors"
index = no published set index for this core; modulo is the plain choice
one-set = fully associative: one set
stlb = Gras et al., "Translation Leak-aside Buffer", USENIX Security 2018, and its code; CPUID leaf 2 says 6 ways
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel0050654_SkylakeXeon_20_InstLatX64.txt

[cpuid]
0x0          = 0x00000016 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x00050654 0x00400800 0x7FFEFBFF 0xBFEBFBFF registers | published | @dump
0x2          = 0x76036301 0x00F0B5FF 0x00000000 0x00C30000 registers | published | @dump
0x4/0x0      = 0x7C004121 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x1      = 0x7C004122 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x2      = 0x7C004143 0x03C0003F 0x000003FF 0x00000000 registers | published | @dump
0x4/0x3      = 0x7C0FC163 0x0280003F 0x0000BFFF 0x00000004 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000003 0x00002020 registers | published | @dump
0x6          = 0x00000EF5 0x00000002 0x00000009 0x00000000 registers | published | @dump
0x7/0x0      = 0x00000000 0xD39FFFFB 0x00000008 0x9C002400 registers | published | @dump
0xA          = 0x07300404 0x00000000 0x00000000 0x00000603 registers | published | @dump
0xB/0x0      = 0x00000001 0x00000002 0x00000100 0x00000000 registers | published | @dump
0xB/0x1      = 0x00000006 0x00000030 0x00000201 0x00000000 registers | published | @dump
0xD/0x0      = 0x000002FF 0x00000A80 0x00000A88 0x00000000 registers | published | @dump
0xD/0x1      = 0x0000000F 0x00000A80 0x00000100 0x00000000 registers | published | @dump
0xD/0x2      = 0x00000100 0x00000240 0x00000000 0x00000000 registers | published | @dump
0xD/0x3      = 0x00000040 0x000003C0 0x00000000 0x00000000 registers | published | @dump
0xD/0x4      = 0x00000040 0x00000400 0x00000000 0x00000000 registers | published | @dump
0xD/0x5      = 0x00000040 0x00000440 0x00000000 0x00000000 registers | published | @dump
0xD/0x6      = 0x00000200 0x00000480 0x00000000 0x00000000 registers | published | @dump
0xD/0x7      = 0x00000400 0x00000680 0x00000000 0x00000000 registers | published | @dump
0xD/0x8      = 0x00000080 0x00000000 0x00000001 0x00000000 registers | published | @dump
0xD/0x9      = 0x00000008 0x00000A80 0x00000000 0x00000000 registers | published | @dump
0xF/0x0      = 0x00000000 0x000000BF 0x00000000 0x00000002 registers | published | @dump
0xF/0x1      = 0x00000000 0x00018000 0x000000BF 0x00000007 registers | published | @dump
0x10/0x0     = 0x00000000 0x0000000A 0x00000000 0x00000000 registers | published | @dump
0x10/0x1     = 0x0000000A 0x00000600 0x00000004 0x0000000F registers | published | @dump
0x14/0x0     = 0x00000001 0x0000000F 0x00000007 0x00000000 registers | published | @dump
0x14/0x1     = 0x02490002 0x003F3FFF 0x00000000 0x00000000 registers | published | @dump
0x15         = 0x00000002 0x000000A8 0x00000000 0x00000000 registers | published | @dump
0x16         = 0x00000834 0x00000E74 0x00000064 0x00000000 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000121 0x2C100000 registers | published | @dump
0x80000002   = 0x65746E49 0x2952286C 0x6F655820 0x2952286E registers | published | @dump
0x80000003   = 0x616C5020 0x756E6974 0x3138206D 0x43203036 registers | published | @dump
0x80000004   = 0x40205550 0x312E3220 0x7A484730 0x00000000 registers | published | @dump
0x80000006   = 0x00000000 0x00000000 0x01006040 0x00000000 registers | published | @dump
0x80000007   = 0x00000000 0x00000000 0x00000000 0x00000100 registers | published | @dump
0x80000008   = 0x0000302E 0x00000000 0x00000000 0x00000000 registers | published | @dump

[vmx]
IA32_VMX_BASIC               = 0x00DA040000000004 msr | published | @dump
IA32_VMX_PINBASED_CTLS       = 0x000000FF00000016 msr | published | @dump
IA32_VMX_PROCBASED_CTLS      = 0xFFF9FFFE0401E172 msr | published | @dump
IA32_VMX_EXIT_CTLS           = 0x01FFFFFF00036DFF msr | published | @dump
IA32_VMX_ENTRY_CTLS          = 0x0003FFFF000011FF msr | published | @dump
IA32_VMX_MISC                = 0x000000007004C1E7 msr | published | @dump
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | published | @dump
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | published | @dump
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | published | @dump
IA32_VMX_CR4_FIXED1          = 0x00000000007767FF msr | published | @dump
IA32_VMX_VMCS_ENUM           = 0x000000000000002E msr | published | @dump
IA32_VMX_PROCBASED_CTLS2     = 0x025F7FFF00000000 msr | published | @dump
IA32_VMX_EPT_VPID_CAP        = 0x00000F0106734141 msr | published | @dump
IA32_VMX_TRUE_PINBASED_CTLS  = 0x000000FF00000016 msr | published | @dump
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFF9FFFE04006172 msr | published | @dump
IA32_VMX_TRUE_EXIT_CTLS      = 0x01FFFFFF00036DFB msr | published | @dump
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0003FFFF000011FB msr | published | @dump
IA32_VMX_VMFUNC              = 0x0000000000000001 msr | published | QEMU target/i386/cpu.c at 0048035, model Skylake-Server version 4: EPTP switching

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
L1-ITLB-4K.ways      = 8 ways | published | @leaf2
L1-ITLB-4K.index     = modulo index | assumed | @index
L1-ITLB-2M.serves    = fetch serves | published | @leaf2
L1-ITLB-2M.pages     = 2M pages | published | @leaf2
L1-ITLB-2M.entries   = 8 entries | published | @leaf2
L1-ITLB-2M.ways      = 8 ways | published | @leaf2
L1-ITLB-2M.index     = modulo index | published | @one-set
STLB.serves          = second-level serves | published | @stlb
STLB.pages           = 4K 2M pages | published | @stlb
STLB.entries         = 1536 entries | published | @stlb
STLB.ways            = 12 ways | published | @stlb
STLB.index           = xor-fold index | published | @stlb
STLB-1G.serves       = second-level serves | published | @leaf2
STLB-1G.pages        = 1G pages | published | @leaf2
STLB-1G.entries      = 16 entries | published | @leaf2
STLB-1G.ways         = 4 ways | published | @leaf2
STLB-1G.index        = modulo index | assumed | @index

[costs]
clock                       = 2100 MHz | published | processor base frequency in CPUID leaf 16H of the dump
instruction.locked             = 18 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 204 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 25 cycles | published | @instlat (throughput)
instruction.pause              = 140 cycles | published | @instlat (throughput)
instruction.rdrand             = 275 cycles | published | @instlat (RDRAND r64, throughput)
