"""Disks in a storage pool: blank, or as an overlay over an image.

Images are volumes too, in another pool, which many hosts may share: a name in a
request must never be that of somebody's disk. An image itself is only read; the
overlay takes all that the instance writes.
"""

from __future__ import annotations

from typing import Any, Final

from understudy.compute import libvirt_faults as faults
from understudy.compute.libvirt_domain import (
    Attempt,
    attempt_of_disk,
    is_disk_name,
    volume_format,
    volume_xml,
)
from understudy.compute.libvirt_library import error_code
from understudy.compute.one_host import is_plain_name
from understudy.objects.text import shown

_GIB: Final = 2**30
_SIZE: Final = 1
_FREE: Final = 3
"""Places in the answer of `info`: a volume's or pool's size, and what a pool has free."""


class Disks:
    """The disks of one host."""

    def __init__(self, library: Any, pool: str, image_pool: str | None = None) -> None:
        """Name the pools; without an `image_pool` there are no images."""
        self._library = library
        self.pool = pool
        self._image_pool = image_pool

    def total_gb(self, connection: Any) -> int:
        """Return how large the pool is."""
        return int(self._find_pool(connection).info()[_SIZE]) // _GIB

    def make(self, connection: Any, attempt: Attempt, gigabytes: int, image: str | None) -> None:
        """Make the disk of an attempt. Raises BuildFault."""
        backing = None
        if image is not None:
            backing = self._image(connection, image, gigabytes)
        free = None
        try:
            pool = self._find_pool(connection)
            free = pool.info()[_FREE]
            pool.createXML(volume_xml(attempt.disk, gigabytes, backing), 0)
        except self._library.libvirtError as error:
            if free is not None and free < gigabytes * _GIB:
                raise faults.no_disk(error) from error
            raise faults.disk_failed(error) from error

    def delete(self, connection: Any, attempt: Attempt) -> None:
        """Delete the disk of an attempt, if it is there. Raises libvirtError."""
        # The first release named no host.
        for name in (attempt.disk, attempt._replace(host_uuid=None).disk):
            try:
                self._find_pool(connection).storageVolLookupByName(name).delete(0)
            except self._library.libvirtError as error:
                if error_code(error) != self._library.VIR_ERR_NO_STORAGE_VOL:
                    raise

    def attempts(self, connection: Any) -> set[Attempt]:
        """Return the attempts that have a disk. Raises libvirtError."""
        volumes = self._find_pool(connection).listAllVolumes(0)
        found = (attempt_of_disk(volume.name()) for volume in volumes)
        return {attempt for attempt in found if attempt is not None}

    def _find_pool(self, connection: Any) -> Any:
        return connection.storagePoolLookupByName(self.pool)

    def _image(self, connection: Any, image: str, gigabytes: int) -> tuple[str, str]:
        """Return the path and format of an image that fits."""
        if self._image_pool is None:
            raise faults.no_image_pool()
        if not is_plain_name(image) or is_disk_name(image):
            raise faults.unknown_image(shown(image), self._image_pool)
        try:
            volume = self._find_image(connection, self._image_pool, image)
            size = int(volume.info()[_SIZE])
            backing = str(volume.path()), volume_format(volume.XMLDesc(0))
        except self._library.libvirtError as error:
            if error_code(error) == self._library.VIR_ERR_NO_STORAGE_VOL:
                raise faults.unknown_image(image, self._image_pool) from error
            raise faults.image_out_of_reach(image, self._image_pool, error) from error
        if size > gigabytes * _GIB:
            raise faults.image_too_large(image, size, gigabytes)
        return backing

    def _find_image(self, connection: Any, image_pool: str, image: str) -> Any:
        pool = connection.storagePoolLookupByName(image_pool)
        try:
            return pool.storageVolLookupByName(image)
        except self._library.libvirtError as error:
            if error_code(error) != self._library.VIR_ERR_NO_STORAGE_VOL:
                raise
        # It may have been put there since libvirt looked last.
        pool.refresh(0)
        return pool.storageVolLookupByName(image)
