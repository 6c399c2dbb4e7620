"""The libvirt driver on libvirt's own test hypervisor, which is real but for its machines."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import fixtures
import testtools
import yaml

from tests.integration.support.shared import INSTALL
from tests.unit.compute.scene import OTHER_VM, VM, claim, request
from tests.unit.compute.test_tags import NO_ATTEMPTS, NO_UUIDS
from understudy.compute import driver as drivers
from understudy.compute.driver import BuildFault
from understudy.compute.identity import Identity, throw_away
from understudy.compute.libvirt_domain import Attempt, Guest, Shape, domain_xml
from understudy.compute.libvirt_driver import LibvirtDriver
from understudy.compute.libvirt_hypervisor import HypervisorClosed
from understudy.compute.one_host import NotOurs, WrongHost
from understudy.objects.errors import InvalidRequest
from understudy.objects.fields import Blame

HOST = "agent-1"
IDENTITY = throw_away()
POOL = "default-pool"
IMAGES = "images"
GIB = 2**30


def disk(attempt: int) -> str:
    """Return what the disk of an attempt is called."""
    return f"understudy-{IDENTITY.host_uuid}-{VM}-{attempt}.qcow2"


class LibvirtTest(testtools.TestCase):
    """What the driver promises, on `test:///default`."""

    def setUp(self) -> None:
        super().setUp()
        if importlib.util.find_spec("libvirt") is None:
            missing = f"libvirt-python is not installed. This installs it: {INSTALL} && make test"
            if os.environ.get("CI") == "true":
                self.fail(missing)
            self.skipTest(missing)
        import libvirt

        self.libvirt: Any = libvirt
        self.driver = self.load(
            uri="test:///default", pool=POOL, image_pool=IMAGES, traits=["CUSTOM_RACK_7"]
        )
        # The same hypervisor as the driver's: there is one `default` for each process.
        self.connection = libvirt.open("test:///default")
        self.addCleanup(self.connection.close)
        self.pool = self.connection.storagePoolLookupByName(POOL)
        self.images = self.connection.storagePoolCreateXML(
            f"<pool type='dir'><name>{IMAGES}</name><target><path>/images</path></target></pool>"
        )
        # It lasts as long as anything in this process refers to it.
        self.addCleanup(self.empty)

    def empty(self) -> None:
        """Leave only what the hypervisor comes with."""
        for domain in self.connection.listAllDomains(0):
            if domain.name() != "test":
                if domain.isActive():
                    domain.destroy()
                domain.undefine()
        for volume in [*self.pool.listAllVolumes(0), *self.images.listAllVolumes(0)]:
            volume.delete(0)
        self.images.destroy()

    def load(self, identity: Identity | None = None, **settings: object) -> LibvirtDriver:
        """Load a driver through its entry point; it is closed with the test."""
        path = Path(self.useFixture(fixtures.TempDir()).path) / "driver.yaml"
        path.write_text(yaml.safe_dump(settings))
        loaded = drivers.load("libvirt", HOST, identity or IDENTITY, path)
        assert isinstance(loaded, LibvirtDriver)
        self.addCleanup(loaded.close)
        return loaded

    def build(
        self, attempt: int = 1, vm: str = VM, image: str | None = None, **resources: int
    ) -> None:
        claimed = claim(HOST, **({"VCPU": 1, "MEMORY_MB": 64} | resources))
        self.driver.build(HOST, vm, attempt, request(image), claimed)

    def fault(self, image: str | None = None, **resources: int) -> tuple[str, str]:
        """Build, and return the fault's code and blame."""
        failed = self.assertRaises(BuildFault, self.build, image=image, **resources)
        return failed.fault.code, failed.fault.blames

    def add_image(self, name: str, gigabytes: int) -> None:
        self.add_volume(self.images, name, gigabytes)

    def add_volume(self, pool: Any, name: str, gigabytes: int) -> None:
        pool.createXML(
            f"<volume><name>{name}</name><capacity unit='GiB'>{gigabytes}</capacity></volume>", 0
        )

    def domains(self) -> dict[str, bool]:
        return {each.name(): bool(each.isActive()) for each in self.connection.listAllDomains(0)}

    def volumes(self) -> list[str]:
        return sorted(each.name() for each in self.pool.listAllVolumes(0))

    def test_the_host_is_as_large_as_libvirt_says(self) -> None:
        (host,) = self.driver.hosts()
        (root,) = host.providers
        self.assertEqual((HOST, HOST, root.uuid), (host.name, host.agent, host.compute_node_uuid))
        info = self.connection.getInfo()
        totals = {name: inventory["total"] for name, inventory in root.inventories.items()}
        self.assertEqual(
            {"VCPU": info[2], "MEMORY_MB": info[1], "DISK_GB": self.pool.info()[1] // GIB}, totals
        )
        self.assertEqual(512, root.inventories["MEMORY_MB"]["reserved"])
        self.assertEqual(["CUSTOM_RACK_7"], root.traits)

    def test_the_host_stays_the_same(self) -> None:
        again = self.load(uri="test:///default", pool=POOL, traits=["CUSTOM_RACK_7"])
        self.assertEqual(list(self.driver.hosts()), list(again.hosts()))

    def test_without_a_pool_there_is_no_disk(self) -> None:
        (host,) = self.load(uri="test:///default").hosts()
        self.assertEqual({"VCPU", "MEMORY_MB"}, set(host.providers[0].inventories))

    def test_a_build_runs(self) -> None:
        self.build(DISK_GB=2, MEMORY_MB=128)
        domain = self.connection.lookupByName(f"understudy-{VM}-1")
        self.assertTrue(domain.isActive())
        self.assertEqual(128 * 1024, domain.maxMemory())
        self.assertEqual([disk(1)], self.volumes())
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))

    def test_a_build_without_disk(self) -> None:
        self.build()
        self.assertEqual([], self.volumes())

    def test_what_is_destroyed_leaves_nothing(self) -> None:
        self.build(DISK_GB=2)
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual({"test": True}, self.domains())
        self.assertEqual([], self.volumes())
        self.assertEqual([], self.driver.holds(HOST))

    def test_destroying_twice_is_fine(self) -> None:
        self.build(DISK_GB=1)
        for _ in range(2):
            self.driver.destroy(HOST, VM, 1)
        self.driver.destroy(HOST, OTHER_VM, 7)

    def test_destroying_one_attempt_leaves_the_others(self) -> None:
        self.build(1, DISK_GB=1)
        self.build(2, DISK_GB=1)
        self.build(1, OTHER_VM)
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([(VM, 2), (OTHER_VM, 1)], self.driver.holds(HOST))
        self.assertEqual([disk(2)], self.volumes())

    def test_what_is_not_ours_is_left_alone(self) -> None:
        self.connection.defineXML(
            f"<domain type='test'><name>understudy-{VM}-1</name><memory>8192</memory>"
            "<os><type>hvm</type></os></domain>"
        )
        self.assertEqual([], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertIn(f"understudy-{VM}-1", self.domains())
        self.assertEqual(("domain-failed", Blame.HOST), self.fault())
        self.assertIn(f"understudy-{VM}-1", self.domains())

    def test_what_another_host_made_is_neither_held_nor_destroyed(self) -> None:
        self.build(DISK_GB=1)
        log = self.useFixture(fixtures.FakeLogger())
        clone = self.load(throw_away(), uri="test:///default", pool=POOL)
        for _ in range(3):
            self.assertEqual([], clone.holds(HOST))
        # The domain and the disk.
        self.assertEqual(2, log.output.count("and is left as it is; give the agent"))
        self.assertRaises(NotOurs, clone.destroy, HOST, VM, 1)
        self.assertTrue(self.domains()[f"understudy-{VM}-1"])
        self.assertEqual([disk(1)], self.volumes())

    def test_a_disk_of_another_host_in_a_pool_that_is_shared(self) -> None:
        theirs = Attempt(VM, 1, throw_away().host_uuid).disk
        self.add_volume(self.pool, theirs, 1)
        self.assertEqual([], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([theirs], self.volumes())

    def test_a_build_over_another_hosts_domain_harms_nothing(self) -> None:
        self.build(MEMORY_MB=64)
        domain = self.connection.lookupByName(f"understudy-{VM}-1")
        before = domain.XMLDesc(0)
        self.driver = self.load(throw_away(), uri="test:///default", pool=POOL)
        self.assertEqual(("domain-failed", Blame.HOST), self.fault(MEMORY_MB=128))
        self.assertRaises(NotOurs, self.driver.destroy, HOST, VM, 1)
        self.assertEqual(before, domain.XMLDesc(0))

    def test_what_the_first_release_made_is_held_and_destroyed(self) -> None:
        self.add_volume(self.pool, f"understudy-{VM}-1.qcow2", 1)
        shape = Shape(1, 64)
        self.connection.createXML(domain_xml(Attempt(OTHER_VM, 1), Guest("i686", "test"), shape))
        self.assertEqual([(VM, 1), (OTHER_VM, 1)], self.driver.holds(HOST))
        for vm in (VM, OTHER_VM):
            self.driver.destroy(HOST, vm, 1)
        self.assertEqual([], self.volumes())
        self.assertEqual({"test": True}, self.domains())

    def test_what_is_no_attempt_is_neither_made_nor_destroyed(self) -> None:
        self.build(DISK_GB=1)
        claimed = claim(HOST, VCPU=1, MEMORY_MB=64, DISK_GB=1)
        wrong = [(uuid, 1) for uuid in NO_UUIDS] + [(VM, attempt) for attempt in NO_ATTEMPTS]
        for uuid, attempt in wrong:
            self.assertRaises(InvalidRequest, self.driver.destroy, HOST, uuid, attempt)
            self.assertRaises(
                InvalidRequest, self.driver.build, HOST, uuid, attempt, request(), claimed
            )
        self.assertEqual({"test": True, f"understudy-{VM}-1": True}, self.domains())
        self.assertEqual([disk(1)], self.volumes())

    def test_a_domain_is_known_by_its_metadata(self) -> None:
        self.build()
        domain = self.connection.lookupByName(f"understudy-{VM}-1")
        domain.destroy()
        domain.rename("precious", 0)
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual({"test": True}, self.domains())

    def test_one_that_is_not_running_is_held_and_destroyed(self) -> None:
        self.build()
        self.connection.lookupByName(f"understudy-{VM}-1").destroy()
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([], self.driver.holds(HOST))

    def test_a_disk_alone_is_held_and_destroyed(self) -> None:
        self.build(DISK_GB=1)
        domain = self.connection.lookupByName(f"understudy-{VM}-1")
        domain.destroy()
        domain.undefine()
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([], self.volumes())

    def test_a_new_process_finds_all(self) -> None:
        self.build(DISK_GB=1)
        again = self.load(uri="test:///default", pool=POOL)
        self.assertEqual([(VM, 1)], again.holds(HOST))

    def test_an_overlay_over_an_image(self) -> None:
        self.add_image("debian", 3)
        self.build(image="debian", DISK_GB=4)
        xml = self.pool.storageVolLookupByName(disk(1)).XMLDesc(0)
        self.assertIn(f"<path>{self.images.storageVolLookupByName('debian').path()}</path>", xml)

    def test_nobodys_disk_is_an_image(self) -> None:
        """Not by its name, nor by a path, nor where both pools are one folder."""
        self.build(1, OTHER_VM, DISK_GB=1)
        (theirs,) = self.volumes()
        self.add_image(theirs, 1)
        old = f"understudy-{OTHER_VM}-1.qcow2"
        self.add_image(old, 1)
        for image in (
            theirs,
            old,
            theirs.upper(),
            f"./{theirs}",
            f"../{POOL}/{theirs}",
            self.pool.storageVolLookupByName(theirs).path(),
            "..",
            "\0",
            "debian\n",
        ):
            self.assertEqual(("unknown-image", Blame.REQUEST), self.fault(image, DISK_GB=4), image)
        self.assertEqual([theirs], self.volumes())

    def test_without_a_pool_of_their_own_there_are_no_images(self) -> None:
        self.driver = self.load(uri="test:///default", pool=POOL)
        self.add_volume(self.pool, "debian", 1)
        self.assertEqual(("no-image-pool", Blame.HOST), self.fault("debian", DISK_GB=4))

    def test_the_pool_of_disks_is_no_pool_of_images(self) -> None:
        error = self.assertRaises(
            ValueError, self.load, uri="test:///default", pool=POOL, image_pool=POOL
        )
        self.assertIn("put images into a pool of their own", str(error))

    def test_an_image_that_nobody_has_blames_the_request(self) -> None:
        self.assertEqual(("unknown-image", Blame.REQUEST), self.fault("windows", DISK_GB=4))

    def test_an_image_that_does_not_fit_blames_the_request(self) -> None:
        self.add_image("debian", 3)
        self.assertEqual(("image-too-large", Blame.REQUEST), self.fault("debian", DISK_GB=2))

    def test_images_out_of_reach_blame_the_network(self) -> None:
        self.driver = self.load(uri="test:///default", pool=POOL, image_pool="elsewhere")
        self.assertEqual(("image-out-of-reach", Blame.NETWORK), self.fault("debian", DISK_GB=2))

    def test_a_full_pool_blames_the_host(self) -> None:
        self.assertEqual(("no-disk", Blame.HOST), self.fault(DISK_GB=100_000))

    def test_a_host_without_pool_is_to_blame_for_disks(self) -> None:
        self.driver = self.load(uri="test:///default")
        self.assertEqual(("no-pool", Blame.HOST), self.fault(DISK_GB=1))

    def test_what_is_needed_and_not_asked_for_blames_the_request(self) -> None:
        self.assertEqual(("not-claimed", Blame.REQUEST), self.fault(MEMORY_MB=0))

    def test_a_hypervisor_that_is_down_blames_the_host(self) -> None:
        self.driver = self.load(uri="qemu+unix:///system?socket=/nonexistent")
        self.assertEqual(("hypervisor-down", Blame.HOST), self.fault())

    def test_a_build_for_another_host_is_not_ours(self) -> None:
        failed = self.assertRaises(
            BuildFault, self.driver.build, "agent-2", VM, 1, request(), claim("agent-2", VCPU=1)
        )
        self.assertEqual("unknown-host", failed.fault.code)
        self.assertRaises(WrongHost, self.driver.holds, "agent-2")
        self.assertRaises(WrongHost, self.driver.destroy, "agent-2", VM, 1)

    def test_garbage_hides_no_error(self) -> None:
        connection = self.connection
        plain: Any = self.libvirt.libvirtError

        class Interrupted(plain):
            """Python frees an object of libvirt's before it asks what the error was."""

            def __init__(self, message: str) -> None:
                connection.storagePoolLookupByName(POOL)
                super().__init__(message)

        self.useFixture(fixtures.MonkeyPatch("libvirt.libvirtError", Interrupted))
        self.assertIsNone(self.assertRaises(plain, self.pool.create).get_error_code())
        self.assertEqual(("unknown-image", Blame.REQUEST), self.fault("windows", DISK_GB=4))
        self.driver.destroy(HOST, VM, 1)

    def test_a_closed_driver_makes_nothing(self) -> None:
        self.driver.close()
        self.assertRaises(HypervisorClosed, self.build)
        self.assertEqual({"test": True}, self.domains())
