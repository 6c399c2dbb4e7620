from __future__ import annotations

import os_traits
import testtools

from tests.unit.compute.libvirt_xml import CAPABILITIES, DOMAIN_CAPABILITIES, EXPANDED
from tests.unit.compute.scene import AgentTestCase
from understudy.compute import libvirt_capabilities as capabilities
from understudy.compute.libvirt_domain import Guest
from understudy.compute.libvirt_settings import LibvirtSettings, read_driver_file


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


class InventoryTest(testtools.TestCase):
    """Totals are the hypervisor's, shares the operator's."""

    def test_reserved_and_ratio(self) -> None:
        settings = LibvirtSettings(reserved={"MEMORY_MB": 512}, allocation_ratios={"VCPU": 4.0})
        self.assertEqual(
            {
                "VCPU": {"total": 8, "max_unit": 8, "allocation_ratio": 4.0},
                "MEMORY_MB": {"total": 4096, "max_unit": 4096, "reserved": 512},
            },
            capabilities.inventories({"VCPU": 8, "MEMORY_MB": 4096, "DISK_GB": 0}, settings),
        )

    def test_no_more_is_reserved_than_there_is(self) -> None:
        found = capabilities.inventories(
            {"MEMORY_MB": 256}, LibvirtSettings(reserved={"MEMORY_MB": 512})
        )
        self.assertEqual(256, found["MEMORY_MB"]["reserved"])


class FileTest(AgentTestCase):
    """What the driver's file says."""

    def test_no_file(self) -> None:
        self.assertEqual("qemu:///system", read_driver_file(None).uri)

    def test_a_file(self) -> None:
        path = self.folder() / "driver.yaml"
        path.write_text("uri: qemu:///session\npool: ssd\nreserved: {VCPU: 2}\n")
        self.assertEqual(
            LibvirtSettings(uri="qemu:///session", pool="ssd", reserved={"VCPU": 2}),
            read_driver_file(path),
        )

    def test_a_key_that_is_not_known(self) -> None:
        path = self.folder() / "driver.yaml"
        path.write_text("url: qemu:///session\n")
        with testtools.ExpectedException(TypeError, ".*url.*"):
            read_driver_file(path)
