"""Builds on one libvirt hypervisor: qemu in production, `test:///default` in tests.

Each attempt is a domain of its own, with a disk of its own if a pool is
configured. What is there is read from libvirt every time; the driver keeps
nothing, so a new process finds all that an earlier one made.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from understudy.compute import libvirt_capabilities as capabilities
from understudy.compute import libvirt_faults as faults
from understudy.compute import one_host
from understudy.compute.identity import Identity
from understudy.compute.libvirt_disks import Disks
from understudy.compute.libvirt_domain import (
    METADATA,
    Attempt,
    Guest,
    Shape,
    attempt_of_metadata,
    domain_xml,
)
from understudy.compute.libvirt_hypervisor import Hypervisor
from understudy.compute.libvirt_library import error_code, load_library
from understudy.compute.libvirt_settings import LibvirtSettings
from understudy.compute.tags import checked_attempt
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.host import Host
from understudy.objects.selection import Selection

LOG = logging.getLogger(__name__)

_MEMORY_MB, _CPUS = 1, 2
"""Places in the answer of `getInfo`."""


class LibvirtDriverError(UnderstudyError):
    """The hypervisor cannot be used as it is."""


class LibvirtDriver:
    """One hypervisor, as one host that is named like its agent."""

    def __init__(
        self, name: str, host_uuid: str, hypervisor: Hypervisor, settings: LibvirtSettings
    ) -> None:
        """Take a hypervisor that nothing was asked of yet."""
        self._name = name
        self._host_uuid = host_uuid
        self._strangers = one_host.Strangers(name)
        self._hypervisor = hypervisor
        self._library = hypervisor.library
        self._settings = settings
        self._disks = (
            None
            if settings.pool is None
            else Disks(self._library, settings.pool, settings.image_pool)
        )

    def hosts(self) -> Sequence[Host]:
        """Return the one host, as large as libvirt says now."""
        with self._hypervisor.use() as connection:
            guest = self._guest(connection)
            info = connection.getInfo()
            totals = {"VCPU": info[_CPUS], "MEMORY_MB": info[_MEMORY_MB]}
            if self._disks is not None:
                totals["DISK_GB"] = self._disks.total_gb(connection)
            traits = self._cpu_traits(connection, guest)
        return [one_host.describe(self._name, self._host_uuid, totals, traits, self._settings)]

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Make the disk, define the domain and start it."""
        claimed = one_host.claimed(self._name, host, selection)
        made_for = Attempt(*checked_attempt(instance_uuid, attempt), self._host_uuid)
        try:
            disk = self._make_disk(made_for, claimed.get("DISK_GB", 0), request.image)
            self._start(made_for, claimed, disk)
        except self._library.libvirtError as error:
            raise faults.hypervisor_down(error) from error

    def destroy(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Destroy the domain and the disk of this attempt, and nothing else. Raises NotOurs."""
        one_host.check(self._name, host)
        wanted = checked_attempt(instance_uuid, attempt)
        with self._hypervisor.use() as connection:
            for domain in connection.listAllDomains(0):
                found = self._attempt_of(domain)
                if found is not None and found[:2] == wanted:
                    self._check_ours(found, domain.name())
                    self._remove(domain)
            if self._disks is not None:
                self._disks.delete(connection, Attempt(*wanted, self._host_uuid))

    def holds(self, host: str) -> list[tuple[str, int]]:
        """Return the attempts that have a domain of this host, running or not, or only a disk."""
        one_host.check(self._name, host)
        with self._hypervisor.use() as connection:
            domains = connection.listAllDomains(0)
            found = [(self._attempt_of(domain), domain.name()) for domain in domains]
            disks = set() if self._disks is None else self._disks.attempts(connection)
        found += [(attempt, attempt.disk) for attempt in disks]
        return sorted(
            {each[:2] for each, name in found if each is not None and self._is_ours(each, name)}
        )

    def close(self) -> None:
        """End after the steps in progress."""
        self._hypervisor.close()

    def _guest(self, connection: Any) -> Guest:
        guest = capabilities.best_guest(connection.getCapabilities(), self._settings.virt_type)
        if guest is None:
            raise LibvirtDriverError(
                f"{self._hypervisor.uri} runs no {self._settings.virt_type or 'kvm or qemu'} "
                "guests of the host's architecture"
            )
        return guest

    def _cpu_traits(self, connection: Any, guest: Guest) -> list[str]:
        """Return what a guest is certain to see of the processor."""
        if not guest.is_real or guest.arch != "x86_64":
            return []
        kind = (guest.emulator, guest.arch, None, guest.virt_type)
        model = capabilities.host_model(connection.getDomainCapabilities(*kind, 0))
        if model is None:
            return []
        present = model.required
        expand = self._library.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
        # Where libvirt cannot expand the model, what it names one by one is certain all the same.
        with suppress(self._library.libvirtError):
            expanded = connection.baselineHypervisorCPU(*kind, [model.xml], expand)
            present |= capabilities.features(expanded)
        return capabilities.cpu_traits(present - model.disabled)

    def _make_disk(self, attempt: Attempt, gigabytes: int, image: str | None) -> str | None:
        if self._disks is None:
            if gigabytes or image is not None:
                raise faults.no_pool()
            return None
        if not gigabytes and image is None:
            return None
        with self._hypervisor.use() as connection:
            self._disks.make(connection, attempt, gigabytes, image)
        return attempt.disk

    def _start(self, attempt: Attempt, claimed: Mapping[str, int], disk: str | None) -> None:
        settings = self._settings
        shape = Shape(claimed["VCPU"], claimed["MEMORY_MB"], settings.pool, disk, settings.network)
        with self._hypervisor.use() as connection:
            described = domain_xml(attempt, self._guest(connection), shape)
            try:
                domain = connection.defineXML(described)
            except self._library.libvirtError as error:
                raise faults.domain_failed(error) from error
        # A step of its own: a driver that is closed in between starts nothing.
        with self._hypervisor.use() as connection:
            try:
                domain.create()
            except self._library.libvirtError as error:
                if connection.getFreeMemory() < shape.memory_mb * 2**20:
                    raise faults.no_memory(error) from error
                raise faults.domain_failed(error) from error

    def _attempt_of(self, domain: Any) -> Attempt | None:
        """Return what a domain was made for, or None if it is none of ours."""
        library = self._library
        try:
            element = domain.metadata(library.VIR_DOMAIN_METADATA_ELEMENT, METADATA, 0)
        except library.libvirtError as error:
            # It has no such element, or it went after it was listed.
            if error_code(error) in {
                library.VIR_ERR_NO_DOMAIN_METADATA,
                library.VIR_ERR_NO_DOMAIN,
            }:
                return None
            raise
        attempt = attempt_of_metadata(element)
        if attempt is None:
            LOG.warning("%s is ours, but does not say for what: %s", domain.name(), element)
        return attempt

    def _check_ours(self, attempt: Attempt, name: str) -> None:
        if attempt.host_uuid not in {None, self._host_uuid}:
            raise one_host.NotOurs(name, f"is tagged for the host {attempt.host_uuid}")

    def _is_ours(self, attempt: Attempt, name: str) -> bool:
        """Leave out what was made for another host; each is said once."""
        try:
            self._check_ours(attempt, name)
        except one_host.NotOurs as error:
            self._strangers.found(error)
            return False
        return True

    def _remove(self, domain: Any) -> None:
        library = self._library
        # VIR_ERR_NO_DOMAIN and VIR_ERR_OPERATION_INVALID: somebody else was faster.
        gone = {library.VIR_ERR_NO_DOMAIN, library.VIR_ERR_OPERATION_INVALID}
        try:
            if domain.isActive():
                domain.destroy()
        except library.libvirtError as error:
            if error_code(error) not in gone:
                raise
        try:
            domain.undefineFlags(
                library.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
                | library.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            )
        except library.libvirtError as error:
            if error_code(error) != library.VIR_ERR_NO_DOMAIN:
                raise


def make(agent: str, identity: Identity, driver_file: Path | None) -> LibvirtDriver:
    """Make the driver from its file; the entry point."""
    settings = one_host.read_settings(LibvirtSettings, driver_file)
    keepalive = settings.keepalive_seconds, settings.keepalive_count
    hypervisor = Hypervisor(load_library(), settings.uri, keepalive)
    return LibvirtDriver(agent, identity.host_uuid, hypervisor, settings)
