from __future__ import annotations

import threading

import testtools

from tests.unit.compute.scene import AgentTestCase
from understudy.compute.libvirt_hypervisor import Hypervisor, HypervisorClosed


class LibraryError(Exception):
    """Stands for libvirt.libvirtError."""

    def get_error_code(self) -> int:
        """Return one of libvirt's numbers."""
        return int(self.args[0])


class Connection:
    """A connection that lives until it is told otherwise."""

    def __init__(self, keepalive_error: int | None = None) -> None:
        self.alive = True
        self.closed = False
        self._keepalive_error = keepalive_error

    def setKeepAlive(self, interval: int, count: int) -> None:  # noqa: N802
        if self._keepalive_error is not None:
            raise LibraryError(self._keepalive_error)
        self.keepalive = interval, count

    def isAlive(self) -> bool:  # noqa: N802
        return self.alive

    def close(self) -> None:
        self.closed = True


class Library:
    """The part of libvirt that makes connections."""

    libvirtError = LibraryError  # noqa: N815
    VIR_ERR_NO_SUPPORT = 3

    def __init__(self, *connections: Connection | LibraryError) -> None:
        self._connections = list(connections)

    def open(self, uri: str) -> Connection:
        found = self._connections.pop(0)
        if isinstance(found, LibraryError):
            raise found
        return found


def hypervisor(*connections: Connection | LibraryError) -> Hypervisor:
    return Hypervisor(Library(*connections), "test:///default", (2, 3))


class HypervisorTest(AgentTestCase):
    """One connection, for as long as it lives."""

    def test_it_is_opened_on_first_use_and_kept(self) -> None:
        only = Connection()
        ours = hypervisor(only)
        for _ in range(2):
            with ours.use() as connection:
                self.assertIs(only, connection)
        self.assertEqual((2, 3), only.keepalive)

    def test_a_broken_one_is_replaced(self) -> None:
        first, second = Connection(), Connection()
        ours = hypervisor(first, second)
        with ours.use():
            first.alive = False
        with ours.use() as connection:
            self.assertIs(second, connection)
        self.assertTrue(first.closed)

    def test_one_that_does_not_open_is_tried_again(self) -> None:
        only = Connection()
        ours = hypervisor(LibraryError(38), only)
        with testtools.ExpectedException(LibraryError), ours.use():
            pass
        with ours.use() as connection:
            self.assertIs(only, connection)

    def test_a_hypervisor_in_this_process_needs_no_keepalive(self) -> None:
        with hypervisor(Connection(Library.VIR_ERR_NO_SUPPORT)).use():
            pass

    def test_a_keepalive_that_fails_is_told(self) -> None:
        with testtools.ExpectedException(LibraryError), hypervisor(Connection(1)).use():
            pass

    def test_a_closed_one_begins_nothing(self) -> None:
        only = Connection()
        ours = hypervisor(only)
        with ours.use():
            pass
        ours.close()
        self.assertTrue(only.closed)
        with testtools.ExpectedException(HypervisorClosed), ours.use():
            pass

    def test_closing_waits_for_what_is_in_progress(self) -> None:
        only = Connection()
        ours = hypervisor(only)
        closing = threading.Thread(target=ours.close)
        with ours.use():
            closing.start()
            closing.join(0.05)
            self.assertFalse(only.closed)
        closing.join(10)
        self.assertTrue(only.closed)
