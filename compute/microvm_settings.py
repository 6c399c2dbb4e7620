"""What an operator may say about a host of microvms, in the driver's file.

The file is YAML; every key may be left out:

    folder: /var/lib/understudy/microvm   # one folder for each machine that is there
    images: /var/lib/understudy/images    # one folder for each image, see Image
    default_image: small                  # for requests without one; left out: refused
    emulator: qemu-system-x86_64
    accel: kvm                            # or tcg, slowly
    reserved: {MEMORY_MB: 4096}
    allocation_ratios: {VCPU: 4.0}
    traits: [CUSTOM_RACK_7]
    availability_zone: az1
    failure_domain: rack7
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from understudy.compute.one_host import HostSettings

STATE = Path("/var/lib/understudy")


@dataclass(frozen=True, kw_only=True)
class MicrovmSettings(HostSettings):
    """The driver file's keys, with their defaults."""

    folder: str | Path = STATE / "microvm"
    images: str | Path = STATE / "images"
    default_image: str | None = None
    emulator: str = "qemu-system-x86_64"
    accel: str = "kvm"


@dataclass(frozen=True)
class Image:
    """What a machine boots: a folder with a `kernel`, and perhaps `initrd` and `cmdline`."""

    folder: Path

    @property
    def kernel(self) -> Path:
        """A bzImage, or an ELF kernel with a PVH entry."""
        return self.folder / "kernel"

    @property
    def initrd(self) -> Path | None:
        """The initial file system, if there is one."""
        found = self.folder / "initrd"
        return found if found.exists() else None

    @property
    def cmdline(self) -> str:
        """What the kernel is told; by default where its console is."""
        found = self.folder / "cmdline"
        return found.read_text().strip() if found.exists() else "console=ttyS0"
