"""tools/install-packages asks bindep, and touches a system only where it may."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import fixtures
import testtools

ROOT = Path(__file__).resolve().parents[3]


class InstallPackagesTest(testtools.TestCase):
    """Run it on a PATH where programs that change or tell about the system are ours."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.apt_calls = self.folder / "apt-calls"
        self.program("apt-get", f'echo "$@" >>{self.apt_calls}')
        self.program("id", "echo 1000")

    def program(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def install(self, missing: str) -> subprocess.CompletedProcess[str]:
        # bindep fails if something is missing, and says what.
        self.program("bindep", f"printf '{missing}'; exit {1 if missing else 0}")
        return subprocess.run(
            [ROOT / "tools/install-packages", "integration"],
            env=os.environ
            | {
                "BINDEP": str(self.folder / "bindep"),
                "PATH": f"{self.folder}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def test_where_all_is_there_it_is_silent(self) -> None:
        done = self.install("")
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_without_root_it_names_the_command(self) -> None:
        done = self.install("mariadb-server\\nrabbitmq-server\\n")
        self.assertEqual(0, done.returncode)
        self.assertIn("mariadb-server rabbitmq-server", done.stderr)
        self.assertIn("    sudo tools/install-packages integration\n", done.stderr)
        self.assertFalse(self.apt_calls.exists())
