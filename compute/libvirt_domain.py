"""How an attempt looks to libvirt: a domain and a disk that carry its tag.

A domain is ours if it carries our metadata element, whatever it is called. A
volume can carry nothing but its name, so the name says it all.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Final, NamedTuple

from understudy.compute.tags import checked_attempt, checked_uuid
from understudy.objects.errors import InvalidRequest

METADATA: Final = "urn:understudy:attempt:1"
"""The XML namespace of our metadata element."""

_DISK_SUFFIX: Final = ".qcow2"
_NUMBER: Final = re.compile("[1-9][0-9]{0,9}")
_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DISK: Final = re.compile(rf"understudy-(?:({_UUID})-)?({_UUID})-([0-9]+)\.qcow2")

ET.register_namespace("understudy", METADATA)


class Attempt(NamedTuple):
    """What a domain or a disk was made for; the first release did not say for which host."""

    instance_uuid: str
    attempt: int
    host_uuid: str | None = None

    @property
    def name(self) -> str:
        """The domain's name."""
        return f"understudy-{self.instance_uuid}-{self.attempt}"

    @property
    def disk(self) -> str:
        """The name of its disk; hosts may share a pool."""
        if self.host_uuid is None:
            return f"{self.name}{_DISK_SUFFIX}"
        return f"understudy-{self.host_uuid}-{self.instance_uuid}-{self.attempt}{_DISK_SUFFIX}"

    @property
    def domain_uuid(self) -> str:
        """The domain's uuid: two attempts of one instance are two domains, and so on two hosts.

        A domain that is there under another uuid is not redefined by one of the same name.
        """
        made_for = str(self.attempt)
        if self.host_uuid is not None:
            made_for = f"{self.host_uuid} {made_for}"
        return str(uuid.uuid5(uuid.UUID(self.instance_uuid), made_for))


@dataclass(frozen=True)
class Guest:
    """The kind of guest that a hypervisor runs best."""

    arch: str
    virt_type: str
    emulator: str | None = None

    @property
    def is_real(self) -> bool:
        """Will there be a machine, with a processor to describe?"""
        return self.virt_type in {"kvm", "qemu"}


@dataclass(frozen=True)
class Shape:
    """What an instance gets; `disk` and `network` are names, or None for none."""

    vcpus: int
    memory_mb: int
    pool: str | None = None
    disk: str | None = None
    network: str | None = None


def domain_xml(attempt: Attempt, guest: Guest, shape: Shape) -> str:
    """Describe the domain to define."""
    domain = ET.Element("domain", type=guest.virt_type)
    _text(domain, "name", attempt.name)
    _text(domain, "uuid", attempt.domain_uuid)
    domain.append(_metadata(attempt))
    _text(domain, "memory", shape.memory_mb, unit="MiB")
    _text(domain, "vcpu", shape.vcpus)
    _text(ET.SubElement(domain, "os"), "type", "hvm", arch=guest.arch)
    if guest.is_real:
        if guest.arch in {"x86_64", "i686"}:
            ET.SubElement(ET.SubElement(domain, "features"), "acpi")
        # The traits that the host reports are those of this very model.
        ET.SubElement(domain, "cpu", mode="host-model")
    domain.append(_devices(guest, shape))
    return ET.tostring(domain, encoding="unicode")


def volume_xml(name: str, gigabytes: int, backing: tuple[str, str] | None = None) -> str:
    """Describe a disk to create; `backing` is the path and format of what it lies over."""
    volume = ET.Element("volume")
    _text(volume, "name", name)
    _text(volume, "capacity", gigabytes, unit="GiB")
    target = ET.SubElement(volume, "target")
    ET.SubElement(target, "format", type="qcow2")
    _text(target, "compat", "1.1")
    if backing is not None:
        path, kind = backing
        below = ET.SubElement(volume, "backingStore")
        _text(below, "path", path)
        ET.SubElement(below, "format", type=kind)
    return ET.tostring(volume, encoding="unicode")


def attempt_of_metadata(element: str) -> Attempt | None:
    """Read our metadata element; None if it does not say which attempt it is."""
    found = ET.fromstring(element)
    return _attempt(found.get("host"), found.get("uuid", ""), found.get("attempt", ""))


def attempt_of_disk(name: str) -> Attempt | None:
    """Read a volume's name; None if it is none of ours."""
    matched = _DISK.fullmatch(name)
    return _attempt(*matched.groups()) if matched is not None else None


def is_disk_name(name: str) -> bool:
    """Is a volume of this name somebody's disk, on whichever host, or could it be?"""
    return _DISK.fullmatch(name.lower()) is not None


def volume_format(xml: str) -> str:
    """Return the format of an image, as its volume's XML says."""
    found = ET.fromstring(xml).find("target/format")
    return "raw" if found is None else found.get("type", "raw")


def _attempt(host_uuid: str | None, instance_uuid: str, attempt: str) -> Attempt | None:
    if not _NUMBER.fullmatch(attempt):
        return None
    try:
        host = None if host_uuid is None else checked_uuid("host", host_uuid)
        return Attempt(*checked_attempt(instance_uuid, int(attempt)), host)
    except InvalidRequest:
        return None


def _metadata(attempt: Attempt) -> ET.Element:
    metadata = ET.Element("metadata")
    tag = ET.SubElement(
        metadata,
        f"{{{METADATA}}}instance",
        uuid=attempt.instance_uuid,
        attempt=str(attempt.attempt),
    )
    if attempt.host_uuid is not None:
        tag.set("host", attempt.host_uuid)
    return metadata


def _devices(guest: Guest, shape: Shape) -> ET.Element:
    devices = ET.Element("devices")
    if guest.emulator is not None:
        _text(devices, "emulator", guest.emulator)
    if shape.pool is not None and shape.disk is not None:
        disk = ET.SubElement(devices, "disk", type="volume", device="disk")
        ET.SubElement(disk, "driver", name="qemu", type="qcow2")
        ET.SubElement(disk, "source", pool=shape.pool, volume=shape.disk)
        ET.SubElement(disk, "target", dev="vda", bus="virtio")
    if shape.network is not None:
        interface = ET.SubElement(devices, "interface", type="network")
        ET.SubElement(interface, "source", network=shape.network)
        ET.SubElement(interface, "model", type="virtio")
    ET.SubElement(devices, "console", type="pty")
    return devices


def _text(parent: ET.Element, tag: str, text: object, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = str(text)
