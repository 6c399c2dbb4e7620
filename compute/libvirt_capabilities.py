"""What a hypervisor can do, in Placement's words.

Only what is certain becomes a trait: what libvirt says that a guest will see
of the processor, not what the host's own processor has.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from understudy.compute.libvirt_domain import Guest

_VIRT_TYPES: Final = ("kvm", "qemu", "test")
"""The kinds of guests that we can describe, best first."""

_X86: Final = "HW_CPU_X86_"
_FEATURES: Final = {
    "aes": ("AESNI",),
    "avx512-vpopcntdq": ("AVX512VPOPCNTDQ",),
    "amd-no-ssb": ("AMD_NO_SSB",),
    "amd-ssbd": ("AMD_SSBD",),
    "amx-bf16": ("AMXBF16",),
    "amx-int8": ("AMXINT8",),
    "amx-tile": ("AMXTILE",),
    "bmi1": ("BMI",),
    "fma": ("FMA3",),
    "gfni": ("AVX512GFNI",),
    "ibpb": ("AMD_IBPB",),
    "md-clear": ("INTEL_MD_CLEAR",),
    "pcid": ("INTEL_PCID",),
    "pclmuldq": ("CLMUL",),
    "pni": ("SSE3",),
    "rtm": ("TSX",),
    "sha-ni": ("SHA",),
    "spec-ctrl": ("INTEL_SPEC_CTRL",),
    "ssbd": ("INTEL_SSBD",),
    "sse4.1": ("SSE41",),
    "sse4.2": ("SSE42",),
    "svm": ("AMD_SVM", "SVM"),
    "vaes": ("AVX512VAES",),
    "virt-ssbd": ("AMD_VIRT_SSBD",),
    "vmx": ("INTEL_VMX", "VMX"),
    "vpclmulqdq": ("AVX512VPCLMULQDQ",),
} | {
    feature: (feature.upper(),)
    for feature in [
        "3dnow",
        "abm",
        "avx",
        "avx2",
        "avx512bitalg",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512er",
        "avx512f",
        "avx512ifma",
        "avx512pf",
        "avx512vbmi",
        "avx512vbmi2",
        "avx512vl",
        "avx512vnni",
        "bmi2",
        "f16c",
        "fma4",
        "mmx",
        "mpx",
        "pdpe1gb",
        "sse",
        "sse2",
        "sse4a",
        "ssse3",
        "stibp",
        "tbm",
        "xop",
    ]
}
"""libvirt's name of a feature: the traits that it means, without their prefix."""


@dataclass(frozen=True)
class HostModel:
    """The processor that a guest in the mode host-model gets."""

    xml: str
    """The same as a <cpu> element, which libvirt expands into all its features."""
    required: frozenset[str]
    disabled: frozenset[str]


def best_guest(capabilities: str, virt_type: str | None = None) -> Guest | None:
    """Return the best kind of guest of the host's own architecture, or None if there is none."""
    root = ET.fromstring(capabilities)
    arch = root.findtext("host/cpu/arch")
    found = {
        kind.get("type", ""): kind.findtext("emulator") or of_arch.findtext("emulator")
        for guest in root.findall("guest")
        if guest.findtext("os_type") == "hvm"
        for of_arch in guest.findall("arch")
        if of_arch.get("name") == arch
        for kind in of_arch.findall("domain")
    }
    wanted = _VIRT_TYPES if virt_type is None else (virt_type,)
    for each in wanted:
        if arch is not None and each in found:
            return Guest(arch, each, found[each])
    return None


def host_model(domain_capabilities: str) -> HostModel | None:
    """Read the processor that guests get, from the domain capabilities; None if unsupported."""
    for mode in ET.fromstring(domain_capabilities).findall("cpu/mode"):
        if mode.get("name") == "host-model" and mode.get("supported") == "yes":
            by_policy = [(each.get("policy"), each.get("name", "")) for each in _features(mode)]
            cpu = ET.Element("cpu")
            cpu.extend(list(mode))
            return HostModel(
                ET.tostring(cpu, encoding="unicode"),
                frozenset(name for policy, name in by_policy if policy == "require"),
                frozenset(name for policy, name in by_policy if policy == "disable"),
            )
    return None


def features(cpu: str) -> frozenset[str]:
    """Read the features that a processor's description names as present."""
    return frozenset(
        each.get("name", "")
        for each in _features(ET.fromstring(cpu))
        if each.get("policy", "require") == "require"
    )


def cpu_traits(present: Collection[str]) -> list[str]:
    """Return the traits that these features of an x86 processor mean."""
    traits = {trait for feature in present for trait in _FEATURES.get(feature, ())}
    # GFNI, VAES and VPCLMULQDQ come without AVX-512 too, and then there is no trait for them.
    if "avx512f" not in present:
        traits = {trait for trait in traits if not trait.startswith("AVX512")}
    return sorted(_X86 + trait for trait in traits)


def _features(cpu: ET.Element) -> list[ET.Element]:
    return cpu.findall("feature")
