from __future__ import annotations

import os_traits
import testtools

from tests.unit.compute.libvirt_xml import CAPABILITIES, DOMAIN_CAPABILITIES, EXPANDED
from understudy.compute import libvirt_capabilities as capabilities
from understudy.compute.libvirt_domain import Guest


class GuestTest(testtools.TestCase):
    """The best kind of guest of the host's own architecture."""

    def test_kvm_before_qemu(self) -> None:
        self.assertEqual(
            Guest("x86_64", "kvm", "/usr/bin/qemu-kvm"), capabilities.best_guest(CAPABILITIES)
        )

    def test_the_one_that_is_wanted(self) -> None:
        self.assertEqual(
            Guest("x86_64", "qemu", "/usr/bin/qemu-system-x86_64"),
            capabilities.best_guest(CAPABILITIES, "qemu"),
        )

    def test_none(self) -> None:
        self.assertIsNone(capabilities.best_guest(CAPABILITIES, "test"))
        self.assertIsNone(capabilities.best_guest(CAPABILITIES, "xen"))
        self.assertIsNone(capabilities.best_guest("<capabilities/>"))


class TraitsTest(testtools.TestCase):
    """Only what a guest is certain to see becomes a trait."""

    def test_every_trait_is_known_to_placement(self) -> None:
        every = capabilities.cpu_traits(capabilities._FEATURES)
        self.assertEqual([], [trait for trait in every if not hasattr(os_traits, trait)])
        self.assertIn("HW_CPU_X86_AVX512F", every)

    def test_names_differ(self) -> None:
        self.assertEqual(
            ["HW_CPU_X86_AESNI", "HW_CPU_X86_SSE3", "HW_CPU_X86_SSE41"],
            capabilities.cpu_traits({"aes", "pni", "sse4.1", "tsc-deadline"}),
        )

    def test_vaes_without_avx512_is_no_avx512_trait(self) -> None:
        self.assertEqual([], capabilities.cpu_traits({"vaes", "gfni", "vpclmulqdq"}))
        self.assertIn("HW_CPU_X86_AVX512VAES", capabilities.cpu_traits({"vaes", "avx512f"}))

    def test_the_model_that_guests_get(self) -> None:
        model = capabilities.host_model(DOMAIN_CAPABILITIES.format(supported="yes"))
        assert model is not None
        self.assertEqual({"md-clear", "pni"}, model.required)
        self.assertEqual({"rtm"}, model.disabled)
        self.assertIn("Skylake-Server", model.xml)

    def test_a_model_that_is_not_supported(self) -> None:
        self.assertIsNone(capabilities.host_model(DOMAIN_CAPABILITIES.format(supported="no")))
        self.assertIsNone(capabilities.host_model("<domainCapabilities/>"))

    def test_features_that_are_expanded(self) -> None:
        self.assertEqual({"aes", "avx2", "rtm"}, capabilities.features(EXPANDED))
