from __future__ import annotations

import testtools

from tests.unit.compute.scene import AgentTestCase
from understudy.compute import one_host
from understudy.compute.libvirt_settings import LibvirtSettings


class InventoryTest(testtools.TestCase):
    """Totals are the hypervisor's, shares the operator's."""

    def test_reserved_and_ratio(self) -> None:
        settings = LibvirtSettings(reserved={"MEMORY_MB": 512}, allocation_ratios={"VCPU": 4.0})
        self.assertEqual(
            {
                "VCPU": {"total": 8, "max_unit": 8, "allocation_ratio": 4.0},
                "MEMORY_MB": {"total": 4096, "max_unit": 4096, "reserved": 512},
            },
            one_host.inventories({"VCPU": 8, "MEMORY_MB": 4096, "DISK_GB": 0}, settings),
        )

    def test_no_more_is_reserved_than_there_is(self) -> None:
        found = one_host.inventories(
            {"MEMORY_MB": 256}, LibvirtSettings(reserved={"MEMORY_MB": 512})
        )
        self.assertEqual(256, found["MEMORY_MB"]["reserved"])


class FileTest(AgentTestCase):
    """What the driver's file says."""

    def test_no_file(self) -> None:
        self.assertEqual("qemu:///system", one_host.read_settings(LibvirtSettings, None).uri)

    def test_a_file(self) -> None:
        path = self.folder() / "driver.yaml"
        path.write_text("uri: qemu:///session\npool: ssd\nreserved: {VCPU: 2}\n")
        self.assertEqual(
            LibvirtSettings(uri="qemu:///session", pool="ssd", reserved={"VCPU": 2}),
            one_host.read_settings(LibvirtSettings, path),
        )

    def test_a_key_that_is_not_known(self) -> None:
        path = self.folder() / "driver.yaml"
        path.write_text("url: qemu:///session\n")
        with testtools.ExpectedException(TypeError, ".*url.*"):
            one_host.read_settings(LibvirtSettings, path)
