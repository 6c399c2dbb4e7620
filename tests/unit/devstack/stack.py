"""devstack, as far as a plugin sees it: its scripts run for real, what they would change does not.

`stub/functions` keeps what was made as files, so a test asks what there is
after a run, not only what was called.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import fixtures

ROOT: Final = Path(__file__).resolve().parents[3]
PLUGIN: Final = ROOT / "devstack"
STUB: Final = Path(__file__).resolve().parent / "stub"
PHASES: Final = ("pre-install", "install", "post-config", "extra", "test-config")
KINDS: Final = (
    "database",
    "database_user",
    "grant",
    "permission",
    "policy",
    "process",
    "rabbit_user",
    "vhost",
)

_TIMEOUT: Final = 60


class Devstack(fixtures.Fixture):
    """One machine with a local.conf of the plugin's settings."""

    def __init__(self, *localrc: str) -> None:
        """Take the lines of local.conf."""
        super().__init__()
        self._localrc = localrc

    def _setUp(self) -> None:  # noqa: N802
        self.root = Path(tempfile.mkdtemp(prefix="understudy-devstack-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.configure(*self._localrc)
        (self.root / "bin").mkdir()
        shutil.copy(STUB / "understudy-manage", self.root / "bin")

    def configure(self, *localrc: str) -> None:
        """Write local.conf."""
        (self.root / "localrc").write_text("\n".join((*localrc, "")))

    def stack(self, *phases: str) -> subprocess.CompletedProcess[str]:
        """Run stack.sh, all of the plugin's phases or only some."""
        return self._run("stack", *(phases or PHASES))

    def unstack(self) -> subprocess.CompletedProcess[str]:
        """Run unstack.sh."""
        return self._run("unstack")

    def clean(self) -> subprocess.CompletedProcess[str]:
        """Run clean.sh."""
        return self._run("clean")

    def calls(self, function: str) -> list[str]:
        """Return the arguments of each call of a function, in order."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.removeprefix(f"{function} ") for line in lines if line.startswith(function)]

    def kept(self, kind: str) -> dict[str, str]:
        """Return what there is of a kind, with what is known about each."""
        folder = self.root / "kept" / kind
        if not folder.is_dir():
            return {}
        return {path.name: path.read_text().strip() for path in sorted(folder.iterdir())}

    def all_kept(self) -> dict[str, dict[str, str]]:
        """Return all that there is, apart from Keystone's users."""
        return {kind: self.kept(kind) for kind in KINDS if self.kept(kind)}

    def enabled(self) -> list[str]:
        """Return devstack's list of services after a run."""
        return (self.root / "enabled").read_text().strip().split(",")

    @property
    def conf(self) -> Path:
        """Where the configuration is."""
        return self.root / "etc/understudy"

    def files(self) -> list[str]:
        """Return all configuration files."""
        return sorted(
            str(path.relative_to(self.conf)) for path in self.conf.rglob("*") if path.is_file()
        )

    def read(self, name: str) -> dict[str, dict[str, str]]:
        """Return a configuration file's options by section."""
        parser = configparser.ConfigParser(interpolation=None, default_section="")
        parser.read_string((self.conf / name).read_text())
        return {section: dict(parser[section]) for section in parser.sections()}

    def _run(self, script: str, *phases: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(STUB / "run"), script, *phases],
            env=os.environ | {"STUB": str(self.root), "PLUGIN": str(PLUGIN)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
