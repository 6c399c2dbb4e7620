"""What libvirt says about its hypervisors, shortened."""

CAPABILITIES = """
<capabilities>
  <host>
    <cpu><arch>x86_64</arch><model>Skylake-Server</model></cpu>
  </host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='i686'>
      <emulator>/usr/bin/qemu-system-i386</emulator>
      <domain type='kvm'/>
    </arch>
  </guest>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <domain type='qemu'/>
      <domain type='kvm'><emulator>/usr/bin/qemu-kvm</emulator></domain>
    </arch>
  </guest>
  <guest>
    <os_type>xen</os_type>
    <arch name='x86_64'><domain type='xen'/></arch>
  </guest>
</capabilities>
"""

DOMAIN_CAPABILITIES = """
<domainCapabilities>
  <cpu>
    <mode name='host-passthrough' supported='yes'/>
    <mode name='host-model' supported='{supported}'>
      <model fallback='forbid'>Skylake-Server</model>
      <vendor>Intel</vendor>
      <feature policy='require' name='md-clear'/>
      <feature policy='require' name='pni'/>
      <feature policy='disable' name='rtm'/>
    </mode>
  </cpu>
</domainCapabilities>
"""

EXPANDED = """
<cpu mode='custom' match='exact'>
  <model fallback='forbid'>Skylake-Server</model>
  <feature policy='require' name='aes'/>
  <feature policy='require' name='avx2'/>
  <feature policy='require' name='rtm'/>
  <feature policy='disable' name='mpx'/>
</cpu>
"""
