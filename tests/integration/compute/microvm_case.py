"""What tests of the microvm driver start with: real qemu, without KVM."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import fixtures
import testtools
import yaml

from tests.integration.compute import tiny_kernel
from tests.integration.support.shared import INSTALL
from tests.unit.compute.scene import VM, claim, request
from understudy.compute import driver as drivers
from understudy.compute.driver import BuildFault
from understudy.compute.identity import Identity, throw_away
from understudy.compute.microvm_driver import MicrovmDriver
from understudy.compute.microvm_folders import Folders
from understudy.compute.microvm_machine import Machine
from understudy.compute.one_host import NotOurs

HOST = "agent-1"
IDENTITY = throw_away()
EMULATOR = "qemu-system-x86_64"


class MicrovmTestCase(testtools.TestCase):
    """Has a folder for machines, an image and a driver."""

    def setUp(self) -> None:
        super().setUp()
        if shutil.which(EMULATOR) is None:
            missing = f"{EMULATOR} is not installed. This installs it: {INSTALL}"
            if os.environ.get("CI") == "true":
                self.fail(missing)
            self.skipTest(missing)
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.machines = self.folder / "machines"
        self.folders = Folders(self.machines, IDENTITY.host_uuid)
        self.addCleanup(self.remove_all)
        image = self.folder / "images" / "tiny"
        image.mkdir(parents=True)
        (image / "kernel").write_bytes(tiny_kernel.kernel())
        self.driver = self.load()

    def remove_all(self) -> None:
        for found in Machine.of(self.folders):
            with contextlib.suppress(NotOurs):
                found.remove()

    def load(
        self, identity: Identity | None = None, name: str = HOST, **settings: object
    ) -> MicrovmDriver:
        """Load a driver through its entry point."""
        folders = {"folder": str(self.machines), "images": str(self.folder / "images")}
        path = self.folder / "driver.yaml"
        path.write_text(yaml.safe_dump({**folders, "accel": "tcg", **settings}))
        loaded = drivers.load("microvm", name, identity or IDENTITY, path)
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
        return Machine(self.folders, vm, attempt)

    def running(self) -> list[Machine]:
        return [found for found in Machine.of(self.folders) if found.is_running()]
