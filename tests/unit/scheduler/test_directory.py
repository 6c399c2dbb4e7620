"""Which provider is a host, remembered for a while."""

from __future__ import annotations

import threading

import testtools

from tests.unit.scheduler.cloud import Cloud, uuid_of
from understudy.cells.records import HostMapping
from understudy.scheduler.directory import CachedHostDirectory


class Registry(Cloud):
    """Counts how often it is read, and may be down."""

    reads = 0
    down = False

    def host_mappings(self) -> list[HostMapping]:
        self.reads += 1
        if self.down:
            raise ConnectionError
        return super().host_mappings()


class DirectoryTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.registry = Registry()
        self.registry.register("host")
        self.now = 100.0
        self.directory = CachedHostDirectory(
            self.registry, max_age=10.0, min_age=1.0, clock=lambda: self.now
        )

    def names(self, *hosts: str) -> list[str]:
        found = self.directory.look_up([uuid_of(host) for host in hosts])
        return [mapping.host for mapping in found.values()]

    def test_what_is_known_is_not_read_again(self) -> None:
        self.names("host")
        self.now += 9.0
        self.assertEqual(["host"], self.names("host"))
        self.assertEqual(1, self.registry.reads)

    def test_what_is_old_is(self) -> None:
        self.names("host")
        self.registry.register("host", cell="cell2")
        self.now += 11.0
        found = self.directory.look_up([uuid_of("host")])
        self.assertEqual(uuid_of("cell2"), found[uuid_of("host")].cell_uuid)

    def test_a_new_host_is_found_at_once(self) -> None:
        self.names("host")
        self.registry.register("new")
        self.now += 2.0
        self.assertEqual(["host", "new"], self.names("host", "new"))

    def test_providers_of_others_do_not_make_it_read_every_time(self) -> None:
        for _ in range(10):
            self.assertEqual([], self.names("foreign"))
            self.now += 0.1
        self.assertEqual(1, self.registry.reads)

    def test_hosts_of_disabled_cells_are_left_out(self) -> None:
        self.registry.register("other", cell="cell2")
        self.registry.disabled_cells = {uuid_of("cell1")}
        self.assertEqual(["other"], self.names("host", "other"))

    def test_a_database_that_is_down_is_no_empty_one(self) -> None:
        self.registry.down = True
        self.assertRaises(ConnectionError, self.names, "host")
        self.registry.down = False
        self.assertEqual(["host"], self.names("host"))

    def test_many_threads_read_once(self) -> None:
        start = threading.Barrier(8)

        def look() -> None:
            start.wait()
            self.names("host")

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(1, self.registry.reads)
