"""Builds microvms with qemu, without a daemon: one process for each attempt.

The driver keeps nothing: what is there is read from the folder of machines and
from /proc each time, so a new agent finds all that an earlier one made.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from understudy.compute import one_host
from understudy.compute.identity import Identity
from understudy.compute.microvm_folders import Folders
from understudy.compute.microvm_machine import Machine, MachineError
from understudy.compute.microvm_settings import Image, MicrovmSettings
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fields import Blame
from understudy.objects.host import Host
from understudy.objects.selection import Selection
from understudy.objects.text import shown

_MIB: Final = 2**20


class MicrovmClosed(UnderstudyError):
    """The agent has ended: nothing is made or destroyed any more."""


class MicrovmDriver:
    """This machine, as one host that is named like its agent."""

    def __init__(self, name: str, host_uuid: str, settings: MicrovmSettings) -> None:
        """Take what the operator said; nothing is opened."""
        self._name = name
        self._host_uuid = host_uuid
        self._settings = settings
        self._folders = Folders(Path(settings.folder), host_uuid)
        self._images = Path(settings.images)
        self._strangers = one_host.Strangers(name)
        self._closed = threading.Event()

    def hosts(self) -> Sequence[Host]:
        """Return the one host, with the machine's processors and memory."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        totals = {"VCPU": os.cpu_count() or 1, "MEMORY_MB": memory // _MIB}
        return [one_host.describe(self._name, self._host_uuid, totals, (), self._settings)]

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Start a machine of what is claimed, from the request's image."""
        claimed = one_host.claimed(self._name, host, selection)
        image = self._image(request.image or self._settings.default_image)
        machine = Machine(self._folders, instance_uuid, attempt)
        self._check_open()
        try:
            machine.start(self._settings, claimed, image)
        except (MachineError, OSError) as error:
            raise one_host.fault("machine-failed", Blame.HOST, str(error)) from error

    def destroy(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Destroy the machine of this attempt, and no other. Raises NotOurs."""
        one_host.check(self._name, host)
        self._check_open()
        Machine(self._folders, instance_uuid, attempt).remove()

    def holds(self, host: str) -> list[tuple[str, int]]:
        """Return the attempts that have a folder of this host's, running or not."""
        one_host.check(self._name, host)
        found = filter(self._is_ours, Machine.of(self._folders))
        return [(machine.instance_uuid, machine.attempt) for machine in found]

    def close(self) -> None:
        """Begin nothing more; what begins or ends a machine takes moments."""
        self._closed.set()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise MicrovmClosed("the agent has ended")

    def _is_ours(self, machine: Machine) -> bool:
        """Leave out what was made for another host; each is said once."""
        try:
            return machine.is_ours()
        except one_host.NotOurs as error:
            self._strangers.found(error)
            return False

    def _image(self, name: str | None) -> Image:
        """Return the image; a name that leads out of their folder is none."""
        if name is None:
            raise one_host.fault(
                "no-image", Blame.REQUEST, "a microvm boots an image: name one in the request"
            )
        if one_host.is_plain_name(name):
            image = Image(self._images / name)
            if image.kernel.is_file():
                return image
        raise one_host.fault(
            "unknown-image", Blame.REQUEST, f"{self._images} has no {shown(name)}/kernel"
        )


def make(agent: str, identity: Identity, driver_file: Path | None) -> MicrovmDriver:
    """Make the driver from its file; the entry point."""
    settings = one_host.read_settings(MicrovmSettings, driver_file)
    return MicrovmDriver(agent, identity.host_uuid, settings)
