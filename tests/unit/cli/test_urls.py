"""URLs with passwords: from a file, standard input or the environment, and with a warning."""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from pathlib import Path

import fixtures
import testtools

from tests.unit.cli.app_case import AppTestCase
from understudy.cli import urls
from understudy.cli.bad_input import BadInput
from understudy.cli.connect import Clouds

URL = "rabbit://user:secret@mq:5672/api"


class ReaderTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.err = io.StringIO()

    def read(self, *argv: str, typed: str = "", **environment: str) -> str | None:
        parser = argparse.ArgumentParser()
        urls.add_options(parser, "transport-url", "the bus", "BUS")
        reader = urls.Reader(self.err, io.StringIO(typed), environment)
        return reader.read(parser.parse_args(argv), "transport-url", "BUS")

    def file(self, text: str, mode: int = 0o600) -> str:
        path = self.folder / "url"
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def test_where_nobody_else_looks_there_is_no_warning(self) -> None:
        self.assertEqual(URL, self.read("--transport-url-file", self.file(f"{URL}\n")))
        self.assertEqual(URL, self.read("--transport-url-file", "-", typed=f"{URL}\nmore\n"))
        self.assertEqual(URL, self.read(BUS=URL))
        self.assertIsNone(self.read())
        self.assertEqual("", self.err.getvalue())

    def test_an_option_comes_before_the_environment(self) -> None:
        self.assertEqual(URL, self.read("--transport-url-file", self.file(URL), BUS="other"))

    def test_a_password_on_the_command_line_is_warned_of(self) -> None:
        self.assertEqual(URL, self.read("--transport-url", URL))
        self.assertEqual(
            "understudy: warning: others on this machine can read a password on the command "
            "line; write the URL into a file and name it with --transport-url-file\n",
            self.err.getvalue(),
        )

    def test_a_url_without_one_is_not(self) -> None:
        for url in ("rabbit://mq/api", "sqlite:////var/lib/x.sqlite", "rabbit://user@mq/api"):
            self.read("--transport-url", url)
        self.assertEqual("", self.err.getvalue())

    def test_a_file_that_others_read_is_warned_of(self) -> None:
        file = self.file(URL, 0o644)
        self.read("--transport-url-file", file)
        self.assertEqual(
            f"understudy: warning: others may read {file}; run chmod 600 {file}\n",
            self.err.getvalue(),
        )

    def test_what_cannot_be_read_is_refused(self) -> None:
        for argv, problem in (
            (("--transport-url-file", str(self.folder / "none")), "No such file"),
            (("--transport-url-file", str(self.folder)), "Is a directory"),
            (("--transport-url-file", self.file("\n")), "its first line is empty"),
            (("--transport-url-file", "-"), "its first line is empty"),
            (("--transport-url", URL, "--transport-url-file", "-"), "leave one out"),
        ):
            error = self.assertRaises(BadInput, self.read, *argv)
            self.assertIn(problem, str(error))
            self.assertNotIn("secret", str(error))


class RecordingClouds(Clouds):
    """Keeps what it is told to connect to, and connects to nothing."""

    def connect(self, options: argparse.Namespace) -> object:  # type: ignore[override]
        raise BadInput(str(options.transport_url), str(options.state_dir), "seen", "stop")


class CommandTest(AppTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clouds = RecordingClouds()
        for name in [name for name in os.environ if name.startswith("UNDERSTUDY_")]:
            self.useFixture(fixtures.EnvironmentVariable(name))

    def test_the_file_is_read(self) -> None:
        file = self.file("bus.url", URL)
        Path(file).chmod(0o600)
        self.assert_refused(f"{URL}: None: seen; stop", "--transport-url-file", file, "list")
        self.assert_refused(f"{URL}: None: seen; stop", "demo", "--against-file", file)

    def test_the_environment_says_it_unless_a_directory_is_named(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable("UNDERSTUDY_TRANSPORT_URL", URL))
        self.assert_refused(f"{URL}: None: seen; stop", "list")
        self.assert_refused("None: here: seen; stop", "--state-dir", "here", "list")
