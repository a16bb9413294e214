# Intel Ice Lake-SP: 5-level paging and EPT, mode-based execute control, SGX. Prices of VM entry and
# exit are those of Broadwell: none are published for this core.

name = icelake-sp
title = Ice Lake-SP, 2021: Xeon Platinum 8351N (06_6AH)
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00606A6_ICX_CPUID3.txt
leaf18 = CPUID leaf 18H of the dump
split = the dump reports 4K+2M and 4K+1G structures of 1024 entries, 8 ways each
index = no published set index for this core; modulo is the plain choice
one-set = fully associative: one set
itlb = leaf 18H of the dump reports one 8-entry structure only; twice the 64 entries that Skylake gives a thread
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel00606A6_ICX_InstLatX64.txt (Xeon Gold 6330)

[cpuid]
0x0          = 0x0000001B 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x000606A6 0x00800800 0x7FFEFBFF 0xBFEBFBFF registers | published | @dump
0x2          = 0x00FEFF01 0x000000F0 0x00000000 0x00000000 registers | published | @dump
0x4/0x0      = 0xFC004121 0x02C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x1      = 0xFC004122 0x01C0003F 0x0000003F 0x00000000 registers | published | @dump
0x4/0x2      = 0xFC004143 0x04C0003F 0x000003FF 0x00000000 registers | published | @dump
0x4/0x3      = 0xFC1FC163 0x02C0003F 0x00011FFF 0x00000004 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000003 0x00001020 registers | published | @dump
0x6          = 0x00000077 0x00000002 0x00000009 0x00000000 registers | published | @dump
0x7/0x0      = 0x00000000 0xF3BFBFFF 0x40417F4E 0xBC040412 registers | published | @dump
0xA          = 0x08300805 0x00000000 0x0000000F 0x00008604 registers | published | @dump
0xB/0x0      = 0x00000001 0x00000002 0x00000100 0x00000000 registers | published | @dump
0xB/0x1      = 0x00000007 0x00000048 0x00000201 0x00000000 registers | published | @dump
0xD/0x0      = 0x000002E7 0x00000A80 0x00000A88 0x00000000 registers | published | @dump
0xD/0x1      = 0x0000000F 0x00000A00 0x00000100 0x00000000 registers | published | @dump
0xD/0x2      = 0x00000100 0x00000240 0x00000000 0x00000000 registers | published | @dump
0xD/0x5      = 0x00000040 0x00000440 0x00000000 0x00000000 registers | published | @dump
0xD/0x6      = 0x00000200 0x00000480 0x00000000 0x00000000 registers | published | @dump
0xD/0x7      = 0x00000400 0x00000680 0x00000000 0x00000000 registers | published | @dump
0xD/0x8      = 0x00000080 0x00000000 0x00000001 0x00000000 registers | published | @dump
0xD/0x9      = 0x00000008 0x00000A80 0x00000000 0x00000000 registers | published | @dump
0xF/0x0      = 0x00000000 0x0000011F 0x00000000 0x00000002 registers | published | @dump
0xF/0x1      = 0x00000008 0x00012000 0x0000011F 0x00000007 registers | published | @dump
0x10/0x0     = 0x00000000 0x0000000A 0x00000000 0x00000000 registers | published | @dump
0x10/0x1     = 0x0000000B 0x00000C00 0x00000000 0x0000000E registers | published | @dump
0x14/0x0     = 0x00000001 0x0000000F 0x00000007 0x00000000 registers | published | @dump
0x14/0x1     = 0x02490002 0x003F1FFF 0x00000000 0x00000000 registers | published | @dump
0x15         = 0x00000002 0x000000C0 0x00000000 0x00000000 registers | published | @dump
0x16         = 0x00000960 0x00000DAC 0x00000064 0x00000000 registers | published | @dump
0x18/0x0     = 0x00000007 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x18/0x1     = 0x00000000 0x00080007 0x00000001 0x00004122 registers | published | @dump
0x18/0x2     = 0x00000000 0x0010000F 0x00000001 0x00004125 registers | published | @dump
0x18/0x3     = 0x00000000 0x00040001 0x00000010 0x00004024 registers | published | @dump
0x18/0x4     = 0x00000000 0x00040006 0x00000008 0x00004024 registers | published | @dump
0x18/0x5     = 0x00000000 0x00080008 0x00000001 0x00004124 registers | published | @dump
0x18/0x6     = 0x00000000 0x00080007 0x00000080 0x00004043 registers | published | @dump
0x18/0x7     = 0x00000000 0x00080009 0x00000080 0x00004043 registers | published | @dump
0x1B         = 0x00000001 0x00000001 0x00000000 0x00000000 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000121 0x2C100000 registers | published | @dump
0x80000002   = 0x65746E49 0x2952286C 0x6F655820 0x2952286E registers | published | @dump
0x80000003   = 0x616C5020 0x756E6974 0x3338206D 0x204E3135 registers | published | @dump
0x80000004   = 0x20555043 0x2E322040 0x48473034 0x0000007A registers | published | @dump
0x80000006   = 0x00000000 0x00000000 0x01006040 0x00000000 registers | published | @dump
0x80000007   = 0x00000000 0x00000000 0x00000000 0x00000100 registers | published | @dump
0x80000008   = 0x0000392E 0x00000200 0x00000000 0x00000000 registers | published | @dump

[vmx]
IA32_VMX_BASIC               = 0x00DA050000000013 msr | published | @dump
IA32_VMX_PINBASED_CTLS       = 0x000000FF00000016 msr | published | @dump
IA32_VMX_PROCBASED_CTLS      = 0xFFF9FFFE0401E172 msr | published | @dump
IA32_VMX_EXIT_CTLS           = 0x037FFFFF00036DFF msr | published | @dump
IA32_VMX_ENTRY_CTLS          = 0x0006FFFF000011FF msr | published | @dump
IA32_VMX_MISC                = 0x000000007004C1E7 msr | published | @dump
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | published | @dump
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | published | @dump
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | published | @dump
IA32_VMX_CR4_FIXED1          = 0x0000000000777FFF msr | published | @dump
IA32_VMX_VMCS_ENUM           = 0x000000000000002E msr | published | @dump
IA32_VMX_PROCBASED_CTLS2     = 0x4BDFFFFF00000000 msr | published | @dump
IA32_VMX_EPT_VPID_CAP        = 0x00000F01067341C1 msr | published | @dump
IA32_VMX_TRUE_PINBASED_CTLS  = 0x000000FF00000016 msr | published | @dump
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFF9FFFE04006172 msr | published | @dump
IA32_VMX_TRUE_EXIT_CTLS      = 0x037FFFFF00036DFB msr | published | @dump
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0006FFFF000011FB msr | published | @dump
IA32_VMX_VMFUNC              = 0x0000000000000001 msr | published | QEMU target/i386/cpu.c at 0048035, model Icelake-Server version 4: EPTP switching

[geometry]
L1-DTLB-4K.serves    = load serves | published | @leaf18
L1-DTLB-4K.pages     = 4K pages | published | @leaf18
L1-DTLB-4K.entries   = 64 entries | published | @leaf18
L1-DTLB-4K.ways      = 4 ways | published | @leaf18
L1-DTLB-4K.index     = modulo index | assumed | @index
L1-DTLB-2M.serves    = load serves | published | @leaf18
L1-DTLB-2M.pages     = 2M pages | published | @leaf18
L1-DTLB-2M.entries   = 32 entries | published | @leaf18
L1-DTLB-2M.ways      = 4 ways | published | @leaf18
L1-DTLB-2M.index     = modulo index | assumed | @index
L1-DTLB-1G.serves    = load serves | published | @leaf18
L1-DTLB-1G.pages     = 1G pages | published | @leaf18
L1-DTLB-1G.entries   = 8 entries | published | @leaf18
L1-DTLB-1G.ways      = 8 ways | published | @leaf18
L1-DTLB-1G.index     = modulo index | published | @one-set
L1-DTLB-store.serves = store serves | published | @leaf18
L1-DTLB-store.pages  = 4K 2M 1G pages | published | @leaf18
L1-DTLB-store.entries = 16 entries | published | @leaf18
L1-DTLB-store.ways   = 16 ways | published | @leaf18
L1-DTLB-store.index  = modulo index | published | @one-set
L1-ITLB-4K.serves    = fetch serves | assumed | @itlb
L1-ITLB-4K.pages     = 4K pages | assumed | @itlb
L1-ITLB-4K.entries   = 128 entries | assumed | @itlb
L1-ITLB-4K.ways      = 8 ways | assumed | @itlb
L1-ITLB-4K.index     = modulo index | assumed | @index
L1-ITLB-2M.serves    = fetch serves | published | @leaf18
L1-ITLB-2M.pages     = 2M pages | published | @leaf18
L1-ITLB-2M.entries   = 8 entries | published | @leaf18
L1-ITLB-2M.ways      = 8 ways | published | @leaf18
L1-ITLB-2M.index     = modulo index | published | @one-set
STLB.serves          = second-level serves | published | @split; modelled as one of 2048, so 2M pages reach too far
STLB.pages           = 4K 2M pages | assumed | @split; modelled as one of 2048, so 2M pages reach too far
STLB.entries         = 2048 entries | assumed | @split; modelled as one of 2048, so 2M pages reach too far
STLB.ways            = 16 ways | assumed | @split; modelled as one of 2048, so 2M pages reach too far
STLB.index           = modulo index | assumed | @index
STLB-1G.serves       = second-level serves | published | @leaf18
STLB-1G.pages        = 1G pages | published | @leaf18
STLB-1G.entries      = 1024 entries | published | @leaf18
STLB-1G.ways         = 8 ways | published | @leaf18
STLB-1G.index        = modulo index | assumed | @index
guest.pml5e          = 16 entries | assumed | as the PML4E cache
ept.pml5e            = 16 entries | assumed | as the PML4E cache

[costs]
clock                       = 2400 MHz | published | processor base frequency in CPUID leaf 16H of the dump
instruction.locked             = 20 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 214 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 27 cycles | published | @instlat (throughput)
instruction.pause              = 34 cycles | published | @instlat (throughput)
instruction.rdrand             = 70 cycles | published | @instlat (RDRAND r64, throughput)
