"""What the cells register becomes the scheduler's map of hosts."""

from __future__ import annotations

from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import broken, uuid_of
from understudy.objects.host import Host


class DiscoveryTest(CloudTest):
    def mapped(self) -> dict[str, str]:
        """Return the cell of each host."""
        names = {cell.uuid: cell.name for cell in self.cloud.api.cells()}
        return {one.host: names[one.cell_uuid] for one in self.cloud.api.host_mappings()}

    def add(self, cell: str, name: str) -> None:
        host = Host(
            name=name, nodename=name, compute_node_uuid=uuid_of(name), agent="agent", providers=[]
        )
        self.cloud.store(cell).register_host(host)

    def test_all_new_hosts_are_mapped(self) -> None:
        self.add("one", "new-1")
        self.add("one", "new-2")
        self.cloud.super.discovery.sweep()
        self.assertEqual(("one", "one"), (self.mapped()["new-1"], self.mapped()["new-2"]))

    def test_a_host_that_another_cell_has_keeps_no_other_from_the_map(self) -> None:
        for host in ("new-1", "one-a", "new-2"):
            self.add("two", host)
        self.cloud.super.discovery.sweep()
        mapped = self.mapped()
        self.assertEqual(("two", "two"), (mapped["new-1"], mapped["new-2"]))
        self.assertEqual("one", mapped["one-a"])
        self.assertIn("one-a", self.cloud.log.output)

    def test_a_host_that_failed_of_late_is_known_for_it(self) -> None:
        self.agents.fault = lambda host, uuid, attempt: broken()
        self.active()
        self.cloud.super.discovery.sweep()
        faults = {one.host: one.recent_faults for one in self.cloud.api.host_mappings()}
        self.assertEqual((1, 0), (faults["one-a"], faults["two-a"]))

    def test_a_silent_cell_keeps_no_other_from_the_map(self) -> None:
        self.add("two", "new-1")
        self.cloud.break_cell("one")
        self.cloud.super.discovery.sweep()
        self.assertEqual("two", self.mapped()["new-1"])
