"""What an operator may say about a hypervisor, in the driver's file.

The file is YAML; every key may be left out:

    uri: qemu:///system
    virt_type: kvm              # or qemu; left out: the best that the hypervisor has
    pool: default               # the storage pool for disks; left out: instances without disks
    image_pool: images          # where images are looked up, never `pool`; left out: no images
    network: default            # the virtual network; left out: instances without one
    reserved: {MEMORY_MB: 4096, DISK_GB: 50}
    allocation_ratios: {VCPU: 4.0}
    traits: [CUSTOM_RACK_7]     # beside those that the hypervisor itself tells
    availability_zone: az1
    failure_domain: rack7
    keepalive_seconds: 5        # a connection that is silent `keepalive_count` times this
    keepalive_count: 5          # long is broken, and every call that waits on it fails
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.compute.one_host import HostSettings


@dataclass(frozen=True, kw_only=True)
class LibvirtSettings(HostSettings):
    """The driver file's keys, with their defaults."""

    uri: str = "qemu:///system"
    virt_type: str | None = None
    pool: str | None = None
    image_pool: str | None = None
    network: str | None = None
    keepalive_seconds: int = 5
    keepalive_count: int = 5

    def __post_init__(self) -> None:
        """Raise ValueError where an image could be somebody's disk."""
        if self.image_pool is not None and self.image_pool == self.pool:
            raise ValueError(
                f"image_pool and pool are both {self.pool}: whoever knew the name of another's "
                "disk could boot a copy of it; put images into a pool of their own"
            )
