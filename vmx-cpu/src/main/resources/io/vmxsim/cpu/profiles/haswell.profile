# Intel Haswell-EP: APIC virtualization, VMCS shadowing, VMFUNC, EPT accessed and dirty flags.

name = haswell
title = Haswell-EP, 2014: Xeon E5-2696 v3 (06_3FH)
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00306F2_HaswellEP_02_CPUID.txt
leaf2 = CPUID leaf 2 descriptors of the dump, read with SDM volume 2 Table 3-12 "Encoding of CPUID Leaf 2 Descriptors"
index = no published set index for this core; modulo is the plain choice
one-set = fully associative: one set
scaled = Core 2 Duo price (Adams and Agesen, ASPLOS 2006, Table 1) scaled by the ratio of #PF exits
b2 = #PF exit of Bugnion, Nieh, Tsafrir, "Hardware and Software Support for Virtualization" (2017): Haswell 512
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00306F2_HaswellEP_02_InstLatX64.txt

[cpuid]
0x0          = 0x0000000F 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x000306F2 0x00400800 0x7FFEFBFF 0xBFEBFBFF registers | published | @dump
0x2          = 0x76036301 0x00F0B5FF 0x00000000 0x00C10000 registers | published | @dump
0x4/0x0      = 0x7C004121 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x1      = 0x7C004122 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x2      = 0x7C004143 0x01C0003F 0x000001FF 0x00000000 registers | published | @dump
0x4/0x3      = 0x7C0FC163 0x04C0003F 0x00008FFF 0x00000006 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000003 0x00002120 registers | published | @dump
0x6          = 0x00000075 0x00000002 0x00000009 0x00000000 registers | published | @dump
0x7/0x0      = 0x00000000 0x000037AB 0x00000000 0x9C000400 registers | published | @dump
0x9          = 0x00000001 0x00000000 0x00000000 0x00000000 registers | published | @dump
0xA          = 0x07300403 0x00000000 0x00000000 0x00000603 registers | published | @dump
0xB/0x0      = 0x00000001 0x00000002 0x00000100 0x00000000 registers | published | @dump
0xB/0x1      = 0x00000006 0x00000024 0x00000201 0x00000000 registers | published | @dump
0xD/0x0      = 0x00000007 0x00000340 0x00000340 0x00000000 registers | published | @dump
0xD/0x1      = 0x00000001 0x00000000 0x00000000 0x00000000 registers | published | @dump
0xD/0x2      = 0x00000100 0x00000240 0x00000000 0x00000000 registers | published | @dump
0xF/0x0      = 0x00000000 0x00000047 0x00000000 0x00000002 registers | published | @dump
0xF/0x1      = 0x00000000 0x00012000 0x00000047 0x00000001 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000021 0x2C100800 registers | published | @dump
0x80000002   = 0x65746E49 0x2952286C 0x6F655820 0x2952286E registers | published | @dump
0x80000003   = 0x55504320 0x2D354520 0x36393632 0x20337620 registers | published | @dump
0x80000004   = 0x2E322040 0x48473033 0x0000007A 0x00000000 registers | published | @dump
0x80000006   = 0x00000000 0x00000000 0x01006040 0x00000000 registers | published | @dump
0x80000007   = 0x00000000 0x00000000 0x00000000 0x00000100 registers | published | @dump
0x80000008   = 0x0000302E 0x00000000 0x00000000 0x00000000 registers | published | @dump

[vmx]
IA32_VMX_BASIC               = 0x00DA040000000012 msr | published | @dump
IA32_VMX_PINBASED_CTLS       = 0x000000FF00000016 msr | published | @dump
IA32_VMX_PROCBASED_CTLS      = 0xFFF9FFFE0401E172 msr | published | @dump
IA32_VMX_EXIT_CTLS           = 0x007FFFFF00036DFF msr | published | @dump
IA32_VMX_ENTRY_CTLS          = 0x0000FFFF000011FF msr | published | @dump
IA32_VMX_MISC                = 0x00000000300481E5 msr | published | @dump
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | published | @dump
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | published | @dump
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | published | @dump
IA32_VMX_CR4_FIXED1          = 0x00000000001767FF msr | published | @dump
IA32_VMX_VMCS_ENUM           = 0x000000000000002A msr | published | @dump
IA32_VMX_PROCBASED_CTLS2     = 0x02007FFF00000000 msr | published | @dump
IA32_VMX_EPT_VPID_CAP        = 0x00000F0106334141 msr | published | @dump
IA32_VMX_TRUE_PINBASED_CTLS  = 0x000000FF00000016 msr | published | @dump
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFF9FFFE04006172 msr | published | @dump
IA32_VMX_TRUE_EXIT_CTLS      = 0x007FFFFF00036DFB msr | published | @dump
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0000FFFF000011FB msr | published | @dump
IA32_VMX_VMFUNC              = 0x0000000000000001 msr | published | QEMU target/i386/cpu.c at 0048035, model Haswell: EPTP switching

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
STLB.serves          = second-level serves | published | @leaf2
STLB.pages           = 4K 2M pages | published | @leaf2
STLB.entries         = 1024 entries | published | @leaf2
STLB.ways            = 8 ways | published | @leaf2
STLB.index           = modulo index | assumed | @index

[costs]
clock                       = 2300 MHz | published | brand string in CPUID leaves 80000002H to 80000004H of the dump
vm-exit                        = 512 cycles | assumed | @b2; a price for #PF alone is published
vm-exit.EXCEPTION_NMI          = 512 cycles | published | @b2
vm-entry                       = 405 cycles | assumed | @scaled: 937 x 512 / 1186
vmread                         = 22 cycles | assumed | @scaled: 52 x 512 / 1186
vmwrite                        = 19 cycles | assumed | @scaled: 44 x 512 / 1186
instruction.locked             = 19 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 208 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 24 cycles | published | @instlat (throughput)
instruction.pause              = 9 cycles | published | @instlat (throughput)
instruction.rdrand             = 250 cycles | published | @instlat (RDRAND r64, throughput)
