# Intel Pentium 4 672: the first processor with VT-x, in November 2005.

name = pentium4-672
title = Pentium 4 672, 2005: Prescott 2M (0F_04H) at 3.8 GHz; the first VT-x
based-on = base

[sources]
dump = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel0000F4A_P4_Irwindale_CPUID.txt: a Xeon of the same core and stepping, with VT-x off
brand = no dump of a 672 was found; the dump's form with this processor's name
yonah = no dump of a Pentium 4 with VT-x was found; MSRs of a Core Duo T2600, of the same year, as VirtualBox's CPU database records them (Intel_Core_Duo_T2600_2_16GHz.h)
adams = Adams and Agesen, ASPLOS 2006, Table 1, Pentium 4 672 at 3.8 GHz, from notes quoting it
nano = fitted to the nanobenchmarks of Adams and Agesen, ASPLOS 2006, on this processor, from notes quoting them
leaf2 = CPUID leaf 2 descriptors of the dump, read with SDM volume 2 Table 3-12 "Encoding of CPUID Leaf 2 Descriptors"
one-set = no ways are given: fully associative
instlat = InstLatx64/InstLatx64 at 087af2c, GenuineIntel/GenuineIntel0000F43_P4_Prescott_InstLatX64.txt
no-ept = this core has no EPT, so no such structure
pf = as vm-exit.EXCEPTION_NMI: a price for #PF alone is published
scaled = the price of base.profile scaled by #PF exits 1931 / 531

[cpuid]
0x0          = 0x00000005 0x756E6547 0x6C65746E 0x49656E69 registers | published | @dump
0x1          = 0x00000F4A 0x00010800 0x000064BD 0xBFEBFBFF registers | assumed | @dump, with VMX and one core
0x2          = 0x605B5001 0x00000000 0x00000000 0x007D7040 registers | published | @dump
0x4/0x0      = 0x00004121 0x01C0003F 0x0000001F 0x00000000 registers | published | @dump
0x4/0x1      = 0x00004143 0x01C0103F 0x000007FF 0x00000000 registers | published | @dump
0x5          = 0x00000040 0x00000040 0x00000000 0x00000000 registers | published | @dump
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | published | @dump
0x80000001   = 0x00000000 0x00000000 0x00000001 0x20100000 registers | published | @dump
0x80000002   = 0x20202020 0x20202020 0x20202020 0x6E492020 registers | assumed | @brand
0x80000003   = 0x286C6574 0x50202952 0x69746E65 0x52286D75 registers | assumed | @brand
0x80000004   = 0x20342029 0x20555043 0x30382E33 0x007A4847 registers | assumed | @brand
0x80000006   = 0x00000000 0x00000000 0x08006040 0x00000000 registers | published | @dump
0x80000008   = 0x00003024 0x00000000 0x00000000 0x00000000 registers | published | @dump

[vmx]
IA32_VMX_BASIC               = 0x001A040000000003 msr | assumed | @yonah, whose revision is 5; addresses are not limited to 32 bits on a processor with Intel 64
IA32_VMX_PINBASED_CTLS       = 0x0000001F00000016 msr | assumed | @yonah
IA32_VMX_PROCBASED_CTLS      = 0x7799FFFE0401E172 msr | assumed | @yonah, and CR8-load and CR8-store exiting, which came with Intel 64
IA32_VMX_EXIT_CTLS           = 0x0003EFFF00036DFF msr | assumed | @yonah, and host address-space size, which came with Intel 64
IA32_VMX_ENTRY_CTLS          = 0x00001FFF000011FF msr | assumed | @yonah, and IA-32e mode guest, which came with Intel 64
IA32_VMX_MISC                = 0x00000000000403C0 msr | assumed | @yonah
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | assumed | @yonah
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | assumed | @yonah
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | assumed | @yonah
IA32_VMX_CR4_FIXED1          = 0x00000000000027FF msr | assumed | @yonah
IA32_VMX_VMCS_ENUM           = 0x000000000000002C msr | assumed | @yonah

[geometry]
DTLB.serves          = load store serves | published | @leaf2
DTLB.pages           = 4K 2M pages | assumed | @leaf2, which says 4 MBytes for the larger
DTLB.entries         = 64 entries | published | @leaf2
DTLB.ways            = 64 ways | assumed | @one-set
DTLB.index           = modulo index | assumed | @one-set
ITLB.serves          = fetch serves | published | @leaf2
ITLB.pages           = 4K 2M pages | published | @leaf2
ITLB.entries         = 64 entries | published | @leaf2
ITLB.ways            = 64 ways | assumed | @one-set
ITLB.index           = modulo index | assumed | @one-set
guest.pml4e          = 0 entries | assumed | no published figure; caches of upper entries are known of later cores
guest.pdpte          = 4 entries | assumed | measurements of Ivy Bridge and older give a PDPTE cache of 4
guest.pde            = 0 entries | assumed | no published figure; caches of upper entries are known of later cores
ept.pml4e            = 0 entries | published | @no-ept
ept.pdpte            = 0 entries | published | @no-ept
ept.pde              = 0 entries | published | @no-ept
nested-TLB.entries   = 0 entries | published | @no-ept

[costs]
clock                       = 3800 MHz | published | @adams
vm-exit                        = 1931 cycles | assumed | @pf
vm-exit.EXCEPTION_NMI          = 1931 cycles | published | @adams
vm-entry                       = 2409 cycles | published | @adams
vmread                         = 178 cycles | published | @adams
vmwrite                        = 171 cycles | published | @adams
exception.delivery             = 529 cycles | assumed | @nano: divzero 889 natively, with iret
iret                           = 331 cycles | assumed | @nano: divzero 889 natively, with exception.delivery
instruction.port-io            = 3209 cycles | assumed | @nano: in 3209 natively
instruction.locked             = 90 cycles | published | @instlat (LOCK ADD [m64], r64, latency)
instruction.cpuid              = 412 cycles | published | @instlat (EAX = 1)
instruction.rdtsc              = 100 cycles | published | @instlat (throughput)
instruction.pause              = 54 cycles | published | @instlat (throughput)
vmm.emulate                    = 1818 cycles | assumed | @scaled
handler                        = 196 cycles | assumed | @scaled
userspace                      = 18284 cycles | assumed | @scaled
handler.EXCEPTION_NMI          = 4456 cycles | assumed | @nano: pgfault 11242 under VT-x
