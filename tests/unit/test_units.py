"""The units that we ship: what each service may not do, and what systemd says of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import testtools

from tests.integration.support.confined import read

UNITS: Final = sorted((Path(__file__).resolve().parents[2] / "etc/systemd").glob("*.service"))
MOST_EXPOSED: Final = 2.0
"""Of 10, as systemd-analyze counts."""

FOR_ALL: Final = {
    "User": "understudy",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
    "LogsDirectoryMode": "0700",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "ProtectProc": "invisible",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "LockPersonality": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
}
WITHOUT_MACHINES: Final = {"PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes"}
WITH_MACHINES: Final = {"DevicePolicy": "closed", "DeviceAllow": "/dev/kvm rw"}
WIDENING: Final = {
    "ReadWritePaths",
    "SupplementaryGroups",
    "PassEnvironment",
    "PermissionsStartOnly",
    "Environment",
}


class DirectivesTest(testtools.TestCase):
    def test_there_is_one_for_each_service(self) -> None:
        names = ["cell-conductor@", "compute", "conductor", "scheduler"]
        self.assertEqual([f"understudy-{name}.service" for name in names], [u.name for u in UNITS])

    def test_each_is_kept_from_what_it_does_not_need(self) -> None:
        for unit in UNITS:
            said = read(unit)
            own = WITH_MACHINES if "compute" in unit.name else WITHOUT_MACHINES
            for name, value in {**FOR_ALL, **own}.items():
                self.assertEqual([value], said.get(name), f"{unit.name}: {name}")
            self.assertEqual(["@system-service", "~@privileged"], said["SystemCallFilter"])
            self.assertEqual(set(), WIDENING & set(said))

    def test_no_password_is_on_their_command_lines(self) -> None:
        for unit in UNITS:
            self.assertNotRegex(" ".join(read(unit)["ExecStart"]), r"://|-url|password")


class SystemdTest(testtools.TestCase):
    def analyze(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed")
        return subprocess.run(
            ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
        )

    def test_what_they_expose(self) -> None:
        for unit in UNITS:
            done = self.analyze("security", "--offline=true", "--no-pager", str(unit))
            found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
            if found is None:
                self.skipTest(f"systemd-analyze says: {done.stderr}")
            self.assertTrue(float(found[1]) <= MOST_EXPOSED, f"{unit.name}: {done.stdout}")

    def test_they_are_understood(self) -> None:
        """With programs that are there: ours are not installed in /usr/bin here."""
        with tempfile.TemporaryDirectory() as folder:
            for unit in UNITS:
                copy = Path(folder) / unit.name.replace("@", "@one")
                copy.write_text(re.sub(r"/usr/bin/understudy-\w+", "/bin/true", unit.read_text()))
                done = self.analyze("verify", "--man=no", str(copy))
                self.assertEqual((0, ""), (done.returncode, done.stderr), unit.name)
