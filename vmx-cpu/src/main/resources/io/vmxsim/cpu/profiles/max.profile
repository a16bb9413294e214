# Not a CPU: every control may be 1 and every feature is there. Geometry and prices are those of
# skylake-sp.

name = max
title = Everything that vmxsim models; no real CPU, priced as Skylake-SP
based-on = skylake-sp

[sources]
max = no real CPU: every feature through the SDM of June 2026
spr = as sapphire-rapids, with FRED, LAM, MSRLIST, PKU, MPX, SGX and 52-bit physical addresses added

[cpuid]
0x0          = 0x00000020 0x756E6547 0x6C65746E 0x49656E69 registers | assumed | @spr
0x1          = 0x00000600 0x00800800 0x7FFEFBFF 0xBFEBFBFF registers | assumed | @spr
0x4/0x0      = 0xFC004121 0x02C0003F 0x0000003F 0x00000000 registers | assumed | @spr
0x4/0x1      = 0xFC004122 0x01C0003F 0x0000003F 0x00000000 registers | assumed | @spr
0x4/0x2      = 0xFC004143 0x03C0003F 0x000007FF 0x00000000 registers | assumed | @spr
0x4/0x3      = 0xFC1FC163 0x0380003F 0x00015FFF 0x00000004 registers | assumed | @spr
0x5          = 0x00000040 0x00000040 0x00000003 0x00001020 registers | assumed | @spr
0x6          = 0x0045CEF7 0x00000002 0x00000009 0x00000000 registers | assumed | @spr
0x7/0x0      = 0x00000002 0xF3BFFFFF 0xBB415FEE 0xFFDD4430 registers | assumed | @spr
0x7/0x1      = 0x0C061C30 0x00000000 0x00000000 0x00000000 registers | assumed | @spr
0x7/0x2      = 0x00000000 0x00000000 0x00000000 0x00000017 registers | assumed | @spr
0xA          = 0x08300805 0x00000000 0x0000000F 0x00008604 registers | assumed | @spr
0xB/0x0      = 0x00000001 0x00000002 0x00000100 0x00000000 registers | assumed | @spr
0xB/0x1      = 0x00000007 0x00000048 0x00000201 0x00000000 registers | assumed | @spr
0xD/0x0      = 0x000602FF 0x00002B00 0x00002B00 0x00000000 registers | assumed | @spr
0xD/0x1      = 0x0000001F 0x00002A80 0x0000DD00 0x00000000 registers | assumed | @spr
0xD/0x2      = 0x00000100 0x00000240 0x00000000 0x00000000 registers | assumed | @spr
0xD/0x3      = 0x00000040 0x000003C0 0x00000000 0x00000000 registers | assumed | @spr
0xD/0x4      = 0x00000040 0x00000400 0x00000000 0x00000000 registers | assumed | @spr
0xD/0x5      = 0x00000040 0x00000440 0x00000000 0x00000000 registers | assumed | @spr
0xD/0x6      = 0x00000200 0x00000480 0x00000000 0x00000000 registers | assumed | @spr
0xD/0x7      = 0x00000400 0x00000680 0x00000000 0x00000000 registers | assumed | @spr
0xD/0x8      = 0x00000080 0x00000000 0x00000001 0x00000000 registers | assumed | @spr
0xD/0x9      = 0x00000008 0x00000A80 0x00000000 0x00000000 registers | assumed | @spr
0xD/0xA      = 0x00000008 0x00000000 0x00000001 0x00000000 registers | assumed | @spr
0xD/0xB      = 0x00000010 0x00000000 0x00000001 0x00000000 registers | assumed | @spr
0xD/0xC      = 0x00000018 0x00000000 0x00000001 0x00000000 registers | assumed | @spr
0xD/0xE      = 0x00000030 0x00000000 0x00000001 0x00000000 registers | assumed | @spr
0xD/0xF      = 0x00000328 0x00000000 0x00000001 0x00000000 registers | assumed | @spr
0xD/0x11     = 0x00000040 0x00000AC0 0x00000002 0x00000000 registers | assumed | @spr
0xD/0x12     = 0x00002000 0x00000B00 0x00000006 0x00000000 registers | assumed | @spr
0xF/0x0      = 0x00000000 0x0000015F 0x00000000 0x00000002 registers | assumed | @spr
0xF/0x1      = 0x00000008 0x00016000 0x0000015F 0x00000007 registers | assumed | @spr
0x10/0x0     = 0x00000000 0x0000000E 0x00000000 0x00000000 registers | assumed | @spr
0x10/0x1     = 0x0000000E 0x00006000 0x00000004 0x0000000E registers | assumed | @spr
0x14/0x0     = 0x00000001 0x0000005F 0x00000007 0x00000000 registers | assumed | @spr
0x14/0x1     = 0x02490002 0x003F003F 0x00000000 0x00000000 registers | assumed | @spr
0x15         = 0x00000001 0x00000001 0x7D2B7500 0x00000000 registers | assumed | a core crystal clock of 2100 MHz, as fast as the core: APIC timers count every cycle
0x1B         = 0x00000001 0x00000001 0x00000000 0x00000000 registers | assumed | @spr
0x1C         = 0x4000000B 0x00000007 0x00000007 0x00000000 registers | assumed | @spr
0x1D/0x0     = 0x00000001 0x00000000 0x00000000 0x00000000 registers | assumed | @spr
0x1D/0x1     = 0x04002000 0x00080040 0x00000010 0x00000000 registers | assumed | @spr
0x1E/0x0     = 0x00000000 0x00004010 0x00000000 0x00000000 registers | assumed | @spr
0x1F/0x0     = 0x00000001 0x00000002 0x00000100 0x00000000 registers | assumed | @spr
0x1F/0x1     = 0x00000007 0x00000048 0x00000201 0x00000000 registers | assumed | @spr
0x80000000   = 0x80000008 0x00000000 0x00000000 0x00000000 registers | assumed | @spr
0x80000001   = 0x00000000 0x00000000 0x00000121 0x2C100800 registers | assumed | @spr
0x80000002   = 0x73786D76 0x203A6D69 0x72657665 0x69687479 registers | assumed | @spr
0x80000003   = 0x6D20676E 0x6C65646F 0x2C64656C 0x206F6E20 registers | assumed | @spr
0x80000004   = 0x6C616572 0x55504320 0x00000000 0x00000000 registers | assumed | @spr
0x80000006   = 0x00000000 0x00000000 0x08007040 0x00000000 registers | assumed | @spr
0x80000007   = 0x00000000 0x00000000 0x00000000 0x00000100 registers | assumed | @spr
0x80000008   = 0x00003934 0x00000200 0x00000000 0x00000000 registers | assumed | @spr

[vmx]
IA32_VMX_BASIC               = 0x05DA100000000001 msr | assumed | @max
IA32_VMX_PINBASED_CTLS       = 0x000000FF00000016 msr | assumed | @max
IA32_VMX_PROCBASED_CTLS      = 0xFFFBFFFE0401E172 msr | assumed | @max
IA32_VMX_EXIT_CTLS           = 0xFFFFFFFF00036DFF msr | assumed | @max
IA32_VMX_ENTRY_CTLS          = 0x03FFFFFF000011FF msr | assumed | @max
IA32_VMX_MISC                = 0x000000007004C1E7 msr | assumed | @max
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | assumed | @max
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | assumed | @max
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | assumed | @max
IA32_VMX_CR4_FIXED1          = 0x0000000113F77FFF msr | assumed | @max
IA32_VMX_VMCS_ENUM           = 0x0000000000000052 msr | assumed | @max
IA32_VMX_PROCBASED_CTLS2     = 0xCFFFFFFF00000000 msr | assumed | @max
IA32_VMX_EPT_VPID_CAP        = 0x00010F0106F341C1 msr | assumed | @max
IA32_VMX_TRUE_PINBASED_CTLS  = 0x000000FF00000016 msr | assumed | @max
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFFBFFFE04006172 msr | assumed | @max
IA32_VMX_TRUE_EXIT_CTLS      = 0xFFFFFFFF00036DFB msr | assumed | @max
IA32_VMX_TRUE_ENTRY_CTLS     = 0x03FFFFFF000011FB msr | assumed | @max
IA32_VMX_VMFUNC              = 0x0000000000000001 msr | assumed | @max
IA32_VMX_PROCBASED_CTLS3     = 0x00000000000013FE msr | assumed | @max
IA32_VMX_EXIT_CTLS2          = 0x000000000000000F msr | assumed | @max

[geometry]
guest.pml5e          = 16 entries | assumed | as the PML4E cache
ept.pml5e            = 16 entries | assumed | as the PML4E cache
