"""The microvm driver on real qemu, without KVM."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys

import fixtures

from tests.integration.compute import tiny_kernel
from tests.integration.compute.microvm_case import HOST, IDENTITY, MicrovmTestCase
from tests.integration.support.waiting import wait_until
from tests.unit.compute.scene import OTHER_VM, VM, claim, request
from tests.unit.compute.test_tags import NO_ATTEMPTS, NO_UUIDS
from understudy.compute.driver import BuildFault
from understudy.compute.identity import throw_away
from understudy.compute.microvm_driver import MicrovmClosed
from understudy.compute.one_host import NotOurs, WrongHost
from understudy.objects.errors import InvalidRequest
from understudy.objects.fields import Blame


class MicrovmTest(MicrovmTestCase):
    """What the driver promises."""

    def test_the_host_is_this_machine(self) -> None:
        (host,) = self.load(traits=["CUSTOM_RACK_7"], allocation_ratios={"VCPU": 4.0}).hosts()
        (root,) = host.providers
        self.assertEqual((HOST, HOST, root.uuid), (host.name, host.agent, host.compute_node_uuid))
        self.assertEqual(os.cpu_count(), root.inventories["VCPU"]["total"])
        self.assertEqual(4.0, root.inventories["VCPU"]["allocation_ratio"])
        self.assertEqual(512, root.inventories["MEMORY_MB"]["reserved"])
        self.assertEqual(["CUSTOM_RACK_7"], root.traits)

    def test_a_build_runs(self) -> None:
        self.build()
        console = self.machine().console
        wait_until(
            lambda: console.read_text() == tiny_kernel.WORD, "the guest to say that it is up"
        )
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))

    def test_it_goes_on_without_the_agent_that_started_it(self) -> None:
        """A process of its own builds it and ends."""
        script = (
            "from pathlib import Path\n"
            "from tests.unit.compute.scene import VM, claim, request\n"
            "from understudy.compute.identity import Identity\n"
            "from understudy.compute.microvm_driver import make\n"
            f"make('{HOST}', {IDENTITY!r}, Path({str(self.folder / 'driver.yaml')!r})).build("
            f"'{HOST}', VM, 1, request('tiny'), claim('{HOST}', VCPU=1, MEMORY_MB=64))\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True)
        self.assertEqual([self.machine()], self.running())
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([], self.running())

    def test_what_is_destroyed_leaves_nothing(self) -> None:
        self.build()
        self.driver.destroy(HOST, VM, 1)
        self.assertFalse(self.machine().is_running())
        self.assertEqual([], list(self.machines.iterdir()))
        self.assertEqual([], self.driver.holds(HOST))

    def test_destroying_twice_is_fine(self) -> None:
        self.build()
        for _ in range(2):
            self.driver.destroy(HOST, VM, 1)
        self.driver.destroy(HOST, OTHER_VM, 7)

    def test_destroying_one_attempt_leaves_the_others(self) -> None:
        self.build(1)
        self.build(2)
        self.build(1, OTHER_VM)
        self.driver.destroy(HOST, VM, 1)
        left = [self.machine(2), self.machine(1, OTHER_VM)]
        self.assertEqual([(VM, 2), (OTHER_VM, 1)], self.driver.holds(HOST))
        self.assertEqual(left, self.running())

    def test_one_whose_process_died_is_held_and_destroyed(self) -> None:
        self.machine().folder.mkdir(parents=True)
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([], self.driver.holds(HOST))

    def test_one_whose_folder_was_removed_is_destroyed(self) -> None:
        self.build()
        shutil.rmtree(self.machine().folder)
        self.driver.destroy(HOST, VM, 1)
        self.assertFalse(self.machine().is_running())

    def test_what_is_not_ours_is_left_alone(self) -> None:
        (self.machines / "lost+found").mkdir(parents=True)
        self.assertEqual([], self.driver.holds(HOST))

    def test_nobody_else_may_look_into_it(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        self.build()
        found = [self.machines, self.machine().folder, self.machine().folder / "tag.json"]
        modes = [stat.S_IMODE(each.stat().st_mode) for each in found]
        self.assertEqual([0o700, 0o700, 0o600], modes)

    def test_what_another_host_made_is_neither_held_nor_destroyed(self) -> None:
        self.build()
        log = self.useFixture(fixtures.FakeLogger())
        clone = self.load(throw_away())
        for _ in range(3):
            self.assertEqual([], clone.holds(HOST))
        self.assertEqual(1, log.output.count("is left as it is; give the agent"))
        self.assertRaises(NotOurs, clone.destroy, HOST, VM, 1)
        self.assertEqual([self.machine()], self.running())

    def test_its_process_is_left_although_its_folder_is_gone(self) -> None:
        self.build()
        shutil.rmtree(self.machine().folder)
        self.load(throw_away()).destroy(HOST, VM, 1)
        self.assertTrue(self.machine().is_running())
        self.machine().remove()

    def test_a_build_over_another_hosts_machine_harms_nothing(self) -> None:
        self.build()
        self.driver = self.load(throw_away())
        self.assertEqual(("machine-failed", Blame.HOST), self.fault())
        self.assertRaises(NotOurs, self.driver.destroy, HOST, VM, 1)
        self.assertEqual([self.machine()], self.running())

    def test_what_the_first_release_made_is_held_and_destroyed(self) -> None:
        self.build()
        (self.machine().folder / "tag.json").unlink()
        self.assertEqual([(VM, 1)], self.driver.holds(HOST))
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([], list(self.machines.iterdir()))

    def test_what_is_no_attempt_is_neither_made_nor_destroyed(self) -> None:
        """Each would be a path out of the folder of machines, or of another machine."""
        self.build()
        outside = self.folder / "outside-1"
        outside.mkdir()
        claimed = claim(HOST, VCPU=1, MEMORY_MB=64)
        wrong = [(uuid, 1) for uuid in (*NO_UUIDS, "../outside", str(outside)[:-2])]
        wrong += [(VM, attempt) for attempt in (*NO_ATTEMPTS, "1/../../outside-1")]
        before = sorted(self.folder.rglob("*"))
        for uuid, attempt in wrong:
            self.assertRaises(InvalidRequest, self.driver.destroy, HOST, uuid, attempt)
            self.assertRaises(
                InvalidRequest, self.driver.build, HOST, uuid, attempt, request("tiny"), claimed
            )
        self.assertEqual(before, sorted(self.folder.rglob("*")))
        self.assertEqual([self.machine()], self.running())

    def test_an_image_that_nobody_has_blames_the_request(self) -> None:
        (self.folder / "kernel").write_bytes(tiny_kernel.kernel())
        for name in (
            "windows",
            ".",
            "..",
            "../images/tiny",
            "tiny/../tiny",
            "tiny\0",
            "tiny\n",
            "\ud800",
            "x" * 256,
            str(self.folder / "images" / "tiny"),
        ):
            self.assertEqual(("unknown-image", Blame.REQUEST), self.fault(name))
        self.assertEqual([], self.driver.holds(HOST))

    def test_a_request_without_image(self) -> None:
        self.assertEqual(("no-image", Blame.REQUEST), self.fault(None))
        self.driver = self.load(default_image="tiny")
        self.build(image=None)
        self.assertEqual([self.machine()], self.running())

    def test_what_is_needed_and_not_asked_for_blames_the_request(self) -> None:
        self.assertEqual(("not-claimed", Blame.REQUEST), self.fault(MEMORY_MB=0))

    def test_what_qemu_refuses_blames_the_host_and_can_be_destroyed(self) -> None:
        (self.folder / "images" / "tiny" / "kernel").write_text("no kernel at all" * 100)
        failed = self.assertRaises(BuildFault, self.build)
        self.assertEqual(("machine-failed", Blame.HOST), (failed.fault.code, failed.fault.blames))
        self.assertIn("kernel", failed.fault.message)
        self.driver.destroy(HOST, VM, 1)
        self.assertEqual([], self.driver.holds(HOST))

    def test_an_emulator_that_is_missing_blames_the_host(self) -> None:
        self.driver = self.load(emulator="qemu-system-abacus")
        failed = self.assertRaises(BuildFault, self.build)
        self.assertIn("qemu-system-abacus", failed.fault.message)

    def test_a_build_for_another_host_is_not_ours(self) -> None:
        failed = self.assertRaises(
            BuildFault,
            self.driver.build,
            *("agent-2", VM, 1, request("tiny"), claim("agent-2", VCPU=1, MEMORY_MB=64)),
        )
        self.assertEqual("unknown-host", failed.fault.code)
        self.assertRaises(WrongHost, self.driver.holds, "agent-2")
        self.assertRaises(WrongHost, self.driver.destroy, "agent-2", VM, 1)

    def test_a_closed_driver_makes_nothing(self) -> None:
        self.driver.close()
        self.assertRaises(MicrovmClosed, self.build)
        self.assertRaises(MicrovmClosed, self.driver.destroy, HOST, VM, 1)
        self.assertEqual([], self.driver.holds(HOST))
