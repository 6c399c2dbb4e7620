from __future__ import annotations

import xml.etree.ElementTree as ET

import testtools
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.compute.scene import OTHER_VM, VM
from understudy.compute import libvirt_domain
from understudy.compute.libvirt_domain import Attempt, Guest, Shape, domain_xml, volume_xml

FIRST = Attempt(VM, 1)
KVM = Guest("x86_64", "kvm", "/usr/bin/qemu-kvm")
SMALL = Shape(vcpus=2, memory_mb=512)


def parsed(attempt: Attempt = FIRST, guest: Guest = KVM, shape: Shape = SMALL) -> ET.Element:
    return ET.fromstring(domain_xml(attempt, guest, shape))


class TagTest(testtools.TestCase):
    """What is made says what it was made for."""

    @given(st.uuids(), st.integers(1, 2**31 - 1), st.none() | st.uuids().map(str))
    def test_what_is_written_is_read(self, vm: object, number: int, host: str | None) -> None:
        attempt = Attempt(str(vm), number, host)
        element = parsed(attempt).find(f"metadata/{{{libvirt_domain.METADATA}}}instance")
        assert element is not None
        self.assertEqual(
            attempt, libvirt_domain.attempt_of_metadata(ET.tostring(element, encoding="unicode"))
        )
        self.assertEqual(attempt, libvirt_domain.attempt_of_disk(attempt.disk))

    def test_the_name(self) -> None:
        self.assertEqual(f"understudy-{VM}-3", parsed(Attempt(VM, 3)).findtext("name"))

    def test_each_attempt_is_a_domain_of_its_own(self) -> None:
        attempts = [Attempt(VM, 1), Attempt(VM, 2), Attempt(OTHER_VM, 1)]
        attempts += [Attempt(VM, 1, VM), Attempt(VM, 1, OTHER_VM), Attempt(OTHER_VM, 1, VM)]
        self.assertEqual(6, len({attempt.domain_uuid for attempt in attempts}))
        self.assertEqual(6, len({attempt.disk for attempt in attempts}))
        self.assertEqual(Attempt(VM, 1).domain_uuid, parsed().findtext("uuid"))

    def test_disks_that_are_not_ours(self) -> None:
        for name in (
            "debian.qcow2",
            f"understudy-{VM}-1",
            f"understudy-{VM}-1.raw",
            f"understudy-{VM}-.qcow2",
            f"understudy-{VM}-1-backup.qcow2",
            f"old-understudy-{VM}-1.qcow2",
            "understudy-web-1.qcow2",
            f"understudy-{VM}-0.qcow2",
            f"understudy-{VM}-01.qcow2",
            f"understudy-{VM}-{2**31}.qcow2",
            f"understudy-{VM}-\u0661.qcow2",
            f"understudy-{VM}-1.qcow2\n",
            f"understudy-{VM}-{VM}-{VM}-1.qcow2",
            f"understudy-../{VM}-1.qcow2",
        ):
            self.assertIsNone(libvirt_domain.attempt_of_disk(name), name)

    def test_metadata_that_says_nothing(self) -> None:
        for element in (
            "<instance/>",
            f"<instance uuid='{VM}'/>",
            "<instance uuid='x'/>",
            f"<instance uuid='{VM}' attempt='\u0661'/>",
            f"<instance uuid='{VM}' attempt='0'/>",
            f"<instance uuid='{VM}' attempt='-1'/>",
            f"<instance uuid='{VM}/..' attempt='1'/>",
            f"<instance uuid='{VM}' attempt='1' host=''/>",
            f"<instance uuid='{VM}' attempt='1' host='agent-1'/>",
        ):
            self.assertIsNone(libvirt_domain.attempt_of_metadata(element), element)


class DomainTest(testtools.TestCase):
    """What is defined is what was claimed."""

    def test_size(self) -> None:
        domain = parsed()
        self.assertEqual("2", domain.findtext("vcpu"))
        memory = domain.find("memory")
        assert memory is not None
        self.assertEqual(("512", "MiB"), (memory.text, memory.get("unit")))

    def test_the_processor_is_the_one_whose_traits_are_reported(self) -> None:
        cpu = parsed().find("cpu")
        assert cpu is not None
        self.assertEqual("host-model", cpu.get("mode"))

    def test_the_test_hypervisor_has_no_processor(self) -> None:
        domain = parsed(guest=Guest("i686", "test"))
        self.assertEqual("test", domain.get("type"))
        self.assertIsNone(domain.find("cpu"))
        self.assertIsNone(domain.find("devices/emulator"))

    def test_acpi_is_for_x86(self) -> None:
        self.assertIsNotNone(parsed().find("features/acpi"))
        self.assertIsNone(parsed(guest=Guest("s390x", "kvm")).find("features"))

    def test_without_disk_and_network(self) -> None:
        self.assertIsNone(parsed().find("devices/disk"))
        self.assertIsNone(parsed().find("devices/interface"))

    def test_with_disk_and_network(self) -> None:
        domain = parsed(shape=Shape(1, 64, pool="ssd", disk="d.qcow2", network="blue"))
        disk = domain.find("devices/disk/source")
        network = domain.find("devices/interface/source")
        assert disk is not None
        assert network is not None
        self.assertEqual({"pool": "ssd", "volume": "d.qcow2"}, disk.attrib)
        self.assertEqual({"network": "blue"}, network.attrib)

    def test_names_are_escaped(self) -> None:
        source = parsed(shape=Shape(1, 64, network="<'&\">")).find("devices/interface/source")
        assert source is not None
        self.assertEqual("<'&\">", source.get("network"))


class VolumeTest(testtools.TestCase):
    """Disks are blank or overlays."""

    def test_a_blank_one(self) -> None:
        volume = ET.fromstring(volume_xml("d", 5))
        self.assertEqual("5", volume.findtext("capacity"))
        self.assertIsNone(volume.find("backingStore"))

    def test_an_overlay_names_the_format_of_what_is_below(self) -> None:
        volume = ET.fromstring(volume_xml("d", 5, ("/images/debian", "raw")))
        self.assertEqual("/images/debian", volume.findtext("backingStore/path"))
        kind = volume.find("backingStore/format")
        assert kind is not None
        self.assertEqual("raw", kind.get("type"))

    def test_the_format_of_an_image(self) -> None:
        said = "<volume><target><format type='qcow2'/></target></volume>"
        self.assertEqual("qcow2", libvirt_domain.volume_format(said))
        self.assertEqual("raw", libvirt_domain.volume_format("<volume/>"))
