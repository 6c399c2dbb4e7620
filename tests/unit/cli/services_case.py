"""A test case that reads the services' configuration from files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import testtools

from understudy.cli.bad_input import BadInput
from understudy.cli.services import compute, conductor, scheduler
from understudy.cli.services.configuration import Configuration, read
from understudy.cli.services.launching import Kind

BUS = "rabbit://user:secret@127.0.0.1:1/vhost"
PLACEMENT = "[placement]\nauth_type = admin_token\nendpoint = http://127.0.0.1:1\ntoken = t\n"


class ServicesTestCase(testtools.TestCase):
    """Writes what an operator writes."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "understudy.conf"
        self.default = f"[DEFAULT]\nstate_path = {self.folder}\ntransport_url = {BUS}\n"
        self.api = f"[api_database]\nconnection = sqlite:///{self.folder}/api.sqlite\n"
        self.cell = f"[cell_database]\nconnection = sqlite:///{self.folder}/cell.sqlite\n"
        self.agent = (
            f"[cell]\nname = one\n[compute]\nagent = a1\njournal = {self.folder}/journal.sqlite\n"
        )

    def write(self, *texts: str) -> None:
        self.path.write_text("".join(texts))

    def read(self, kind: Kind) -> Configuration:
        return read(kind.prog, [f"--config-file={self.path}"], kind.checks, kind.usage)

    def assert_refused(self, expected: str, kind: Kind) -> None:
        """Check for this one line about the file."""
        wrong = self.assertRaises(BadInput, self.read, kind)
        self.assertEqual(f"{self.path}: {expected}", str(wrong))


KINDS: dict[str, Callable[[], Kind]] = {
    "scheduler": scheduler.kind,
    "super": conductor.kind_of_super,
    "cell": lambda: conductor.kind_of_cell("one"),
    "compute": compute.kind,
}
