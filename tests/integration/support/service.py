"""One of our own services as a process, configured from a file as operators do it."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.integration.support import keeper
from tests.integration.support.server import Server

Settings = Mapping[str, Mapping[str, object]]
"""Values by group and option."""


def at_placement(url: str) -> Mapping[str, object]:
    """Return the group [placement] for the Placement there, which believes who says admin."""
    return {"auth_type": "admin_token", "endpoint": url, "token": "admin"}


class Service(Server):
    """Serve from a configuration file; it listens once it is set up."""

    programs: tuple[str, ...] = (sys.executable,)

    def __init__(self, module: str, settings: Settings, *arguments: str) -> None:
        """Run `understudy.cli.services.MODULE` with these settings."""
        super().__init__()
        self._module = module
        self._settings = {group: dict(values) for group, values in settings.items()}
        self._arguments = arguments

    @property
    def told(self) -> str:
        """What it is, for a person."""
        words = ["understudy-" + self._module, *self._arguments]
        agent = self._settings.get("compute", {}).get("agent")
        return " ".join([*words, *([f"({agent})"] if agent else [])])

    def prepare(self) -> None:
        self.file = self.scratch / "understudy.conf"
        self.configure({"DEFAULT": {"state_path": self.scratch / "state"}})

    def configure(self, more: Settings) -> None:
        """Write the file anew, with more settings."""
        for group, values in more.items():
            self._settings.setdefault(group, {}).update(values)
        self.file.write_text(as_text(self._settings))

    def command(self) -> list[str]:
        module = f"understudy.cli.services.{self._module}"
        return [sys.executable, "-m", module, f"--config-file={self.file}", *self._arguments]

    def start(self) -> None:
        self._seen = self.log.stat().st_size if self.log.exists() else 0
        super().start()

    def answers(self) -> bool:
        return " serves\n" in self.printed_since_start()

    def master(self) -> int:
        """Return the process that reads the configuration and forks the others."""
        parents = dict(keeper.parents())
        (master,) = (pid for pid in self.pids() if parents.get(pid) == self.keeper_pid)
        return master

    def workers(self) -> set[int]:
        """Return the processes that serve."""
        return keeper.descendants(self.master())

    def printed_since_start(self) -> str:
        """Return what it has logged in this run."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            # A service that is restarted often has a long log, and this is asked often.
            log.seek(self._seen)
            return log.read().decode(errors="replace")


def as_text(settings: Settings) -> str:
    """Return the settings as a configuration file."""
    return "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        for group, values in settings.items()
    )
