"""One microvm: a folder with all that belongs to it, and the qemu process that runs it.

The folder is made before the process and removed after it, so a machine is there
for as long as its folder is. The process names the folder on its command line,
and its name says the host's own uuid; it is found by both: a pid that was
written down may be another's by now.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from understudy.compute.microvm_folders import Folders, name_of
from understudy.compute.microvm_settings import Image, MicrovmSettings
from understudy.objects.errors import UnderstudyError

START_SECONDS: Final = 60.0
"""How long qemu may take to set a machine up; it runs by then, or has said why not."""
END_SECONDS: Final = 30.0
"""How long a killed qemu may take to be gone: its memory is given back first."""


class MachineError(UnderstudyError):
    """qemu did not do as it was told; the text is qemu's own where it said anything."""


@dataclass(frozen=True)
class Machine:
    """What was made for one attempt on one host; `of` finds those that are there."""

    folders: Folders
    instance_uuid: str
    attempt: int

    def __post_init__(self) -> None:
        """Raise InvalidRequest for what is no attempt: it becomes part of paths."""
        name_of(self.instance_uuid, self.attempt)

    @classmethod
    def of(cls, folders: Folders) -> list[Machine]:
        """Return the machines that have a folder, running or not, whosoever they are."""
        return [cls(folders, *found) for found in folders.all()]

    @property
    def folder(self) -> Path:
        """Where all of it is."""
        return self.folders.root / name_of(self.instance_uuid, self.attempt)

    @property
    def console(self) -> Path:
        """What the guest wrote to its serial port."""
        return self.folder / "console.log"

    def is_ours(self) -> bool:
        """Is it there? Raises NotOurs if it was made for another host, OSError."""
        return self.folders.is_ours(self.instance_uuid, self.attempt)

    def start(self, settings: MicrovmSettings, claimed: Mapping[str, int], image: Image) -> None:
        """Start it, and return when it runs. Raises MachineError; it may be there in part then."""
        self.folders.make(self.instance_uuid, self.attempt)
        command = [settings.emulator, *self._arguments(settings.accel, claimed, image)]
        try:
            # qemu goes into the background, out of our session, when the machine is set up.
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=START_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MachineError(f"{settings.emulator} does not start: {error}") from error
        if done.returncode:
            raise MachineError(done.stderr.strip() or f"qemu ended with {done.returncode}")

    def remove(self) -> None:
        """End it and forget it; it need not be there. Raises NotOurs, MachineError, OSError."""
        self.is_ours()
        while pids := list(self._pids()):
            for pid in pids:
                self._kill(pid)
        self.folders.remove(self.instance_uuid, self.attempt)

    def is_running(self) -> bool:
        """Is there a process for it?"""
        return any(self._pids())

    def _arguments(self, accel: str, claimed: Mapping[str, int], image: Image) -> Iterator[str]:
        yield from ("-M", "microvm", "-accel", accel, "-cpu", "max")
        yield from ("-nodefaults", "-no-user-config", "-display", "none")
        yield from ("-name", self._names[0], "-uuid", self.instance_uuid)
        yield from ("-smp", str(claimed["VCPU"]), "-m", f"{claimed['MEMORY_MB']}M")
        yield from ("-kernel", str(image.kernel), "-append", image.cmdline)
        if image.initrd is not None:
            yield from ("-initrd", str(image.initrd))
        yield from ("-serial", f"file:{self.console}")
        yield from ("-qmp", self._monitor, "-daemonize")

    @property
    def _monitor(self) -> str:
        return f"unix:{self.folder}/qmp,server=on,wait=off"

    @property
    def _names(self) -> tuple[str, str]:
        """Return what the process is called: it says whose it is, though its folder be gone.

        The first release's say no host.
        """
        return (
            f"understudy-{self.folders.host_uuid}-{self.folder.name}",
            f"understudy-{self.folder.name}",
        )

    def _pids(self) -> Iterator[int]:
        """Find its processes: while it starts, one more than afterwards."""
        wanted, names = os.fsencode(self._monitor), set(map(os.fsencode, self._names))
        for found in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = found.read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if wanted in command and names.intersection(command):
                yield int(found.parent.name)

    def _kill(self, pid: int) -> None:
        with ExitStack() as opened:
            try:
                process = os.pidfd_open(pid)
                opened.callback(os.close, process)
                # Held by its descriptor, it cannot become another's; look once more whose it is.
                if pid not in self._pids():
                    return
                signal.pidfd_send_signal(process, signal.SIGKILL)
            except ProcessLookupError:
                return
            ended = select.poll()
            ended.register(process, select.POLLIN)
            if not ended.poll(END_SECONDS * 1000):
                raise MachineError(f"qemu, process {pid}, does not end")
