"""The microvm driver on real qemu, without KVM."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import fixtures
import testtools
import yaml

from tests.integration.compute import tiny_kernel
from tests.integration.support.shared import INSTALL
from tests.integration.support.waiting import wait_until
from tests.unit.compute.scene import OTHER_VM, VM, claim, request
from understudy.compute import driver as drivers
from understudy.compute.driver import BuildFault
from understudy.compute.identity import Identity, throw_away
from understudy.compute.microvm_driver import MicrovmClosed, MicrovmDriver
from understudy.compute.microvm_machine import Machine
from understudy.compute.one_host import WrongHost
from understudy.objects.fields import Blame

HOST = "agent-1"
IDENTITY = throw_away()
EMULATOR = "qemu-system-x86_64"


class MicrovmTest(testtools.TestCase):
    """What the driver promises."""

    def setUp(self) -> None:
        super().setUp()
        if shutil.which(EMULATOR) is None:
            missing = f"{EMULATOR} is not installed. This installs it: {INSTALL}"
            if os.environ.get("CI") == "true":
                self.fail(missing)
            self.skipTest(missing)
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.machines = self.folder / "machines"
        self.addCleanup(self.remove_all)
        image = self.folder / "images" / "tiny"
        image.mkdir(parents=True)
        (image / "kernel").write_bytes(tiny_kernel.kernel())
        self.driver = self.load()

    def remove_all(self) -> None:
        for machine in Machine.of(self.machines):
            machine.remove()

    def load(self, identity: Identity | None = None, **settings: object) -> MicrovmDriver:
        """Load a driver through its entry point."""
        folders = {"folder": str(self.machines), "images": str(self.folder / "images")}
        path = self.folder / "driver.yaml"
        path.write_text(yaml.safe_dump({**folders, "accel": "tcg", **settings}))
        loaded = drivers.load("microvm", HOST, identity or IDENTITY, path)
        assert isinstance(loaded, MicrovmDriver)
        return loaded

    def build(
        self, attempt: int = 1, vm: str = VM, image: str | None = "tiny", **resources: int
    ) -> None:
        claimed = claim(HOST, **({"VCPU": 1, "MEMORY_MB": 64} | resources))
        self.driver.build(HOST, vm, attempt, request(image), claimed)

    def fault(self, image: str | None = "tiny", **resources: int) -> tuple[str, str]:
        """Build, and return the fault's code and blame."""
        failed = self.assertRaises(BuildFault, self.build, image=image, **resources)
        return failed.fault.code, failed.fault.blames

    def machine(self, attempt: int = 1, vm: str = VM) -> Machine:
        return Machine(self.machines, vm, attempt)

    def running(self) -> list[Machine]:
        return [found for found in Machine.of(self.machines) if found.is_running()]

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

    def test_an_image_that_nobody_has_blames_the_request(self) -> None:
        (self.folder / "kernel").write_bytes(tiny_kernel.kernel())
        for name in ("windows", "..", "../images/tiny", str(self.folder / "images" / "tiny")):
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
