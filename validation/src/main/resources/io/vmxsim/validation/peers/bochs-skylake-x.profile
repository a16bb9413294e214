# The VMX capabilities of Bochs 2.7's CPU model corei7_skylake_x, to compare with it: what the guest
# vmx-capabilities prints there. Geometry and prices are those of skylake-sp, which do not matter.

name = bochs-skylake-x
title = Bochs 2.7, cpu: model=corei7_skylake_x; priced as Skylake-SP
based-on = skylake-sp

[sources]
guest = printed by the guest vmx-capabilities on Bochs 2.7

[cpuid]
0x1          = 0x00050654 0x00010800 0x77FAF3BF 0xBFEBFBFF registers | measured | @guest
0x7/0x0      = 0x00000000 0xD19F27EB 0x00000000 0x00000000 registers | measured | @guest
0xA          = 0x07300404 0x00000000 0x00000000 0x00000603 registers | measured | @guest
0x80000008   = 0x00003028 0x00000000 0x00000000 0x00000000 registers | measured | @guest

[vmx]
IA32_VMX_BASIC               = 0x00D810000000002B msr | measured | @guest
IA32_VMX_PINBASED_CTLS       = 0x0000007F00000016 msr | measured | @guest
IA32_VMX_PROCBASED_CTLS      = 0xF7F9FFFE0401E172 msr | measured | @guest
IA32_VMX_EXIT_CTLS           = 0x007FFFFF00036DFF msr | measured | @guest
IA32_VMX_ENTRY_CTLS          = 0x0000FFFF000011FF msr | measured | @guest
IA32_VMX_MISC                = 0x00000000600401E0 msr | measured | @guest
IA32_VMX_CR0_FIXED0          = 0x0000000080000021 msr | measured | @guest
IA32_VMX_CR0_FIXED1          = 0x00000000FFFFFFFF msr | measured | @guest
IA32_VMX_CR4_FIXED0          = 0x0000000000002000 msr | measured | @guest
IA32_VMX_CR4_FIXED1          = 0x00000000003727FF msr | measured | @guest
IA32_VMX_VMCS_ENUM           = 0x0000000000000034 msr | measured | @guest
IA32_VMX_PROCBASED_CTLS2     = 0x02177FFF00000000 msr | measured | @guest
IA32_VMX_EPT_VPID_CAP        = 0x00000F0106334141 msr | measured | @guest
IA32_VMX_TRUE_PINBASED_CTLS  = 0x0000007F00000016 msr | measured | @guest
IA32_VMX_TRUE_PROCBASED_CTLS = 0xF7F9FFFE04006172 msr | measured | @guest
IA32_VMX_TRUE_EXIT_CTLS      = 0x007FFFFF00036DFB msr | measured | @guest
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0000FFFF000011FB msr | measured | @guest
IA32_VMX_VMFUNC              = 0x0000000000000001 msr | measured | @guest
