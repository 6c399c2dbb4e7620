"""Why a build on libvirt failed, and whom that blames.

The request is to blame for what would fail on every host, the network for
images that are out of reach for now, and the host for all the rest.
"""

from __future__ import annotations

from understudy.compute.driver import BuildFault
from understudy.compute.one_host import fault
from understudy.objects.fields import Blame


def unknown_image(image: str, pool: str) -> BuildFault:
    """No image of this name is in the pool."""
    return fault("unknown-image", Blame.REQUEST, f"the pool {pool} has no image {image}")


def image_too_large(image: str, size: int, gigabytes: int) -> BuildFault:
    """The image does not fit on the disk that was asked for."""
    return fault(
        "image-too-large",
        Blame.REQUEST,
        f"{image} has {size} bytes, more than the {gigabytes} DISK_GB that were asked for",
    )


def no_pool() -> BuildFault:
    """The request asks for a disk, and this host makes none."""
    return fault("no-pool", Blame.HOST, "the driver file names no storage pool for disks")


def no_image_pool() -> BuildFault:
    """The request asks for an image, and this host has none."""
    return fault("no-image-pool", Blame.HOST, "the driver file names no image_pool")


def image_out_of_reach(image: str, pool: str, error: object) -> BuildFault:
    """The pool that images come from does not answer."""
    return fault(
        "image-out-of-reach",
        Blame.NETWORK,
        f"{image} could not be looked up in the pool {pool}: {error}",
    )


def no_disk(error: object) -> BuildFault:
    """The pool for disks is full."""
    return fault("no-disk", Blame.HOST, f"the storage pool has no room: {error}")


def no_memory(error: object) -> BuildFault:
    """The host's memory is used up, by us or by others."""
    return fault("no-memory", Blame.HOST, f"the host has too little memory: {error}")


def disk_failed(error: object) -> BuildFault:
    """The disk could not be made, although there is room."""
    return fault("disk-failed", Blame.HOST, str(error))


def domain_failed(error: object) -> BuildFault:
    """The domain could not be defined or started, although there is memory."""
    return fault("domain-failed", Blame.HOST, str(error))


def hypervisor_down(error: object) -> BuildFault:
    """No connection to the hypervisor, or it broke."""
    return fault("hypervisor-down", Blame.HOST, str(error))
