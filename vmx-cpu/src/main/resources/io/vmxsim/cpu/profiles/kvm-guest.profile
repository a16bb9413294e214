# What a guest of KVM sees that is given all it has to give: the VMX capabilities of nested
# virtualization, for software that is tested there. Geometry and prices are those of skylake-sp.

name = kvm-guest
title = A guest of KVM with nested VMX; no real CPU, priced as Skylake-SP
based-on = max

[sources]
kvm = Linux 6.16, arch/x86/kvm/vmx/nested.c, nested_vmx_setup_ctls_msrs and nested_vmx_setup_misc_data

[cpuid]
0x7/0x0      = 0x00000002 0xF3BFF7EF 0xBB415FEE 0xFFDD4410 registers | assumed | without UINTR, RTM and HLE
0x7/0x1      = 0x00000000 0x00000000 0x00000000 0x00000000 registers | assumed | without LAM, FRED and MSRLIST

[vmx]
IA32_VMX_BASIC               = 0x00DA100000000001 msr | assumed | @kvm
IA32_VMX_PROCBASED_CTLS      = 0xFFF9FFFE0401E172 msr | assumed | @kvm
IA32_VMX_TRUE_PROCBASED_CTLS = 0xFFF9FFFE04006172 msr | assumed | @kvm
IA32_VMX_PROCBASED_CTLS2     = 0x0257FFFF00000000 msr | assumed | @kvm
IA32_VMX_EXIT_CTLS           = 0x10FFFFFF00036DFF msr | assumed | @kvm
IA32_VMX_TRUE_EXIT_CTLS      = 0x10FFFFFF00036DFB msr | assumed | @kvm
IA32_VMX_ENTRY_CTLS          = 0x0011F3FF000011FF msr | assumed | @kvm
IA32_VMX_TRUE_ENTRY_CTLS     = 0x0011F3FF000011FB msr | assumed | @kvm
IA32_VMX_MISC                = 0x00000000700481E5 msr | assumed | @kvm
IA32_VMX_VMCS_ENUM           = 0x0000000000000032 msr | assumed | the highest index of the fields that are left is 19H
IA32_VMX_EPT_VPID_CAP        = 0x00000F01067341C1 msr | assumed | @kvm
IA32_VMX_CR4_FIXED1          = 0x0000000001F77FFF msr | assumed | @kvm
IA32_VMX_PROCBASED_CTLS3     = 0x0000000000000000 msr | assumed | no tertiary controls
IA32_VMX_EXIT_CTLS2          = 0x0000000000000000 msr | assumed | no secondary VM-exit controls

[geometry]
nested-TLB.entries = 0 entries | assumed | KVM shadows the EPT of its guests and drops what they change, without INVEPT too
