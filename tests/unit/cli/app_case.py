"""A test case that runs the real application in process, against a fake cloud."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import testtools

from tests.fakes.cloud import FakeCloud, FakeClouds
from understudy.cli.main import UnderstudyApp


class AppTestCase(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud = FakeCloud()
        self.clouds: Any = FakeClouds(self.cloud)
        self.out = ""
        self.err = ""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def understudy(self, *argv: str) -> int:
        """Run the command; return its exit code, and keep what it wrote."""
        out, err = io.StringIO(), io.StringIO()
        try:
            return UnderstudyApp(self.clouds, stdout=out, stderr=err).run(list(argv))
        except SystemExit as exit:
            return int(exit.code or 0)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def understudy_json(self, *argv: str) -> Any:
        """Run the command with -f json, and return what it says."""
        self.assertEqual(0, self.understudy(*argv, "-f", "json"), self.err)
        return json.loads(self.out)

    def file(self, name: str, text: str) -> str:
        """Write a file, and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def assert_refused(self, line: str, *argv: str) -> None:
        """Check for exit code 2, and for this one line."""
        self.assertEqual(2, self.understudy(*argv), self.out)
        self.assertEqual(f"understudy: {line}\n", self.err)
        self.assertEqual({}, self.cloud.client.requests)
