from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import testtools
from stevedore import exception

from tests.unit.compute.scene import (
    OTHER_VM,
    VM,
    AgentTestCase,
    request,
    selection,
)
from tests.unit.compute.test_tags import NO_ATTEMPTS, NO_UUIDS
from understudy.compute import driver as drivers
from understudy.compute.driver import BuildFault
from understudy.compute.fake_driver import FakeDriver, FakeDriverError
from understudy.compute.fake_hosts import Child, fake_host, read_driver_file
from understudy.compute.fault_plan import FaultPlan, host_broken
from understudy.compute.holdings import HeldInFolder, HeldInMemory, Holdings
from understudy.compute.identity import Identity, throw_away
from understudy.compute.tags import Tag
from understudy.objects.errors import InvalidRequest

FILE = """
holdings: held
log: builds.log
hosts:
  - name: gpu-{}
    count: 2
    availability_zone: az1
    failure_domain: rack1
    resources: {VCPU: 32}
    traits: [HW_CPU_X86_AVX2]
    children:
      - {name: "gpu{}", count: 2, resources: {PGPU: 1}, traits: [CUSTOM_A100]}
  - {name: plain, resources: {VCPU: 8}}
faults:
  seed: 7
  rate: 0.5
  rate_fault: {code: unlucky, blames: network}
  hosts:
    gpu-1: {code: host-broken, blames: host}
  destroy_failures: 1
  destroy_hosts: [plain]
"""


class FakeDriverTest(AgentTestCase):
    """It holds what it built until it is destroyed."""

    def driver(
        self, plan: FaultPlan | None = None, holdings: Holdings | None = None
    ) -> FakeDriver:
        return FakeDriver([fake_host("host-a", "agent", {"VCPU": 1})], plan, holdings)

    def build(self, driver: FakeDriver, attempt: int = 1) -> None:
        driver.build("host-a", VM, attempt, request(), selection("host-a"))

    def test_it_holds_what_it_built(self) -> None:
        driver = self.driver()
        self.build(driver)
        self.build(driver, 2)
        self.assertEqual([(VM, 1), (VM, 2)], driver.holds("host-a"))

    def test_destroying_names_the_attempt(self) -> None:
        driver = self.driver()
        self.build(driver)
        self.build(driver, 2)
        driver.destroy("host-a", VM, 1)
        driver.destroy("host-a", VM, 1)
        self.assertEqual([(VM, 2)], driver.holds("host-a"))

    def test_what_fails_leaves_something_behind(self) -> None:
        driver = self.driver(FaultPlan(hosts={"host-a": host_broken("no disk")}))
        fault = self.assertRaises(BuildFault, self.build, driver)
        self.assertEqual("host-broken (blames the host): no disk", str(fault))
        self.assertEqual([(VM, 1)], driver.holds("host-a"))

    def test_destroying_fails_as_planned(self) -> None:
        driver = self.driver(FaultPlan(destroy_failures=1))
        self.build(driver)
        self.assertRaises(FakeDriverError, driver.destroy, "host-a", VM, 1)
        driver.destroy("host-a", VM, 1)
        self.assertEqual([], driver.holds("host-a"))

    def test_closing_ends_a_build_that_takes_long(self) -> None:
        driver = self.driver(FaultPlan(delay_seconds=3600))
        ended: list[Exception] = []

        def build() -> None:
            try:
                self.build(driver)
            except FakeDriverError as error:
                ended.append(error)

        builder = threading.Thread(target=build)
        builder.start()
        driver.close()
        builder.join(30)
        self.assertEqual(1, len(ended))
        self.assertEqual([], driver.holds("host-a"))

    def test_what_begins_and_ends_is_noted(self) -> None:
        noted: list[tuple[str, int]] = []
        driver = FakeDriver(
            [fake_host("host-a", "agent", {"VCPU": 1})],
            FaultPlan(rate=1.0),
            note=lambda event, tag: noted.append((event, tag.attempt)),
        )
        self.assertRaises(BuildFault, self.build, driver)
        self.assertEqual([("begun", 1), ("failed", 1)], noted)

    def test_what_is_no_attempt_is_neither_made_nor_destroyed(self) -> None:
        driver = self.driver(holdings=HeldInFolder(self.folder() / "held"))
        self.build(driver)
        wrong = [(uuid, 1) for uuid in NO_UUIDS] + [(VM, attempt) for attempt in NO_ATTEMPTS]
        for uuid, attempt in wrong:
            self.assertRaises(InvalidRequest, driver.destroy, "host-a", uuid, attempt)
            self.assertRaises(
                InvalidRequest,
                *(driver.build, "host-a", uuid, attempt, request(), selection("host-a")),
            )
        self.assertEqual([(VM, 1)], driver.holds("host-a"))

    def test_a_closed_driver_changes_nothing(self) -> None:
        holdings = HeldInMemory()
        driver = self.driver(holdings=holdings)
        self.build(driver)
        driver.close()
        self.assertRaises(FakeDriverError, driver.destroy, "host-a", VM, 1)
        self.assertEqual([(VM, 1)], self.driver(holdings=holdings).holds("host-a"))


class HoldingsTest(AgentTestCase):
    """The same in memory and on disk."""

    def check(self, holdings: Holdings) -> None:
        tags = [Tag("../host a.b", VM, 1), Tag("../host a.b", VM, 12), Tag("host", OTHER_VM, 1)]
        for tag in [*tags, *tags]:
            holdings.add(tag)
        self.assertEqual(tags[:2], holdings.on("../host a.b"))
        self.assertEqual([], holdings.on("unknown"))
        for _ in range(2):
            holdings.remove(tags[0])
        self.assertEqual([tags[1]], holdings.on("../host a.b"))
        self.assertEqual([tags[2]], holdings.on("host"))

    def test_in_memory(self) -> None:
        self.check(HeldInMemory())

    def test_in_a_folder(self) -> None:
        folder = self.folder()
        self.check(HeldInFolder(folder / "held"))
        self.assertEqual(["held"], [path.name for path in folder.iterdir()])
        self.assertEqual([Tag("host", OTHER_VM, 1)], HeldInFolder(folder / "held").on("host"))

    def test_in_a_folder_with_what_is_none_of_ours(self) -> None:
        folder = self.folder()
        HeldInFolder(folder).add(Tag("host", VM, 1))
        for name in (".gitkeep", "notes", f"{VM}.x", f"{VM}.0", f"{VM}.\u0661", f"{VM}.1.2"):
            (folder / "host" / name).touch()
        self.assertEqual([Tag("host", VM, 1)], HeldInFolder(folder).on("host"))

    def test_in_a_folder_that_nobody_else_may_read(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        folder = self.folder() / "held"
        HeldInFolder(folder).add(Tag("host", VM, 1))
        found = (folder, folder / "host", folder / "host" / f"{VM}.1")
        self.assertEqual(
            [0o700, 0o700, 0o600], [stat.S_IMODE(each.stat().st_mode) for each in found]
        )


class DriverFileTest(AgentTestCase):
    """A few words make many hosts."""

    def write(self, text: str) -> Path:
        path = self.folder() / "driver.yaml"
        path.write_text(text)
        return path

    def test_hosts_and_their_trees(self) -> None:
        hosts = read_driver_file("agent-1", self.write(FILE)).hosts
        self.assertEqual(["gpu-0", "gpu-1", "plain"], [host.name for host in hosts])
        root, *children = hosts[0].providers
        self.assertEqual(hosts[0].compute_node_uuid, root.uuid)
        self.assertEqual({"VCPU": {"total": 32}}, root.inventories)
        self.assertEqual(["gpu-0/gpu0", "gpu-0/gpu1"], [child.name for child in children])
        self.assertEqual({root.uuid}, {child.parent_uuid for child in children})
        self.assertEqual(["CUSTOM_A100"], children[0].traits)
        self.assertEqual(
            ("agent-1", "az1", "rack1"),
            (hosts[0].agent, hosts[0].availability_zone, hosts[0].failure_domain),
        )

    def test_faults_and_holdings(self) -> None:
        path = self.write(FILE)
        described = read_driver_file("agent-1", path)
        self.assertEqual(path.parent / "held", described.holdings)
        self.assertEqual(path.parent / "builds.log", described.log)
        plan = described.plan
        self.assertEqual((7, 0.5, "unlucky"), (plan.seed, plan.rate, plan.rate_fault.code))
        self.assertEqual("host-broken", plan.hosts["gpu-1"].code)
        self.assertEqual(frozenset({"plain"}), plan.destroy_hosts)

    def test_a_key_that_is_not_known_is_refused(self) -> None:
        path = self.write("hosts: [{name: a, resources: {VCPU: 1}, colour: red}]")
        self.assertRaises(TypeError, read_driver_file, "agent-1", path)

    def test_an_empty_file_has_no_hosts(self) -> None:
        self.assertEqual([], read_driver_file("agent-1", self.write("")).hosts)

    def test_uuids_follow_from_names(self) -> None:
        child = Child("gpu0", {"PGPU": 1})
        hosts = [fake_host("a", agent, {"VCPU": 1}, children=[child]) for agent in ("x", "y")]
        self.assertEqual(hosts[0].providers, hosts[1].providers)
        self.assertNotEqual(hosts[0].providers[0].uuid, hosts[0].providers[1].uuid)

    def test_uuids_are_of_the_agents_own_and_the_hosts_name(self) -> None:
        path, identity = self.write(FILE), throw_away()
        first, second = (read_driver_file(name, path, identity).hosts for name in "xy")
        self.assertEqual([host.providers for host in first], [host.providers for host in second])
        uuids = [each.uuid for host in first for each in host.providers]
        other = read_driver_file("x", path, throw_away()).hosts
        uuids += [each.uuid for host in other for each in host.providers]
        self.assertEqual(14, len(set(uuids)))

    def test_a_host_without_a_file_is_the_machine(self) -> None:
        identity = throw_away()
        for name in "xy":
            [host] = read_driver_file(name, None, identity).hosts
            self.assertEqual(identity.host_uuid, host.compute_node_uuid)

    def test_what_the_first_release_made_keeps_its_uuids(self) -> None:
        path = self.write(FILE)
        upgraded = Identity(VM, OTHER_VM, "", derived_names=True)
        self.assertEqual(
            read_driver_file("x", path).hosts, read_driver_file("x", path, upgraded).hosts
        )

    def test_a_host_may_have_a_uuid_of_its_own(self) -> None:
        text = "hosts: [{name: %s, uuid: %s, resources: {}, children: [{name: g, resources: {}}]}]"
        trees = [
            read_driver_file("x", self.write(text % (name, VM)), throw_away()).hosts[0]
            for name in ("old", "new")
        ]
        self.assertEqual({VM}, {host.compute_node_uuid for host in trees})
        self.assertEqual(1, len({host.providers[1].uuid for host in trees}))
        self.assertRaises(ValueError, read_driver_file, "x", self.write(text % ("a", "12-34")))
        many = f"hosts: [{{name: 'a-{{}}', count: 2, uuid: {VM}, resources: {{}}}}]"
        self.assertRaises(TypeError, read_driver_file, "x", self.write(many))


class LoadTest(AgentTestCase):
    """Drivers are found by their entry point."""

    def test_the_fake_one(self) -> None:
        path = self.folder() / "driver.yaml"
        path.write_text(FILE)
        driver = drivers.load("fake", "agent-1", throw_away(), path)
        self.assertEqual(3, len(driver.hosts()))

    def test_without_a_file(self) -> None:
        [host] = drivers.load("fake", "agent-1", throw_away(), None).hosts()
        self.assertEqual("agent-1", host.name)

    def test_one_that_is_not_installed(self) -> None:
        with testtools.ExpectedException(exception.NoMatches):
            drivers.load("no-such-driver", "agent-1", throw_away(), None)
