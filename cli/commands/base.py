"""What all commands share: quick to start, connected while they run."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from cliff import command, lister, show

from understudy.cli.bad_input import BadInput
from understudy.objects import text as texts

if TYPE_CHECKING:
    from understudy.cli.cloud import Cloud
    from understudy.cli.main import UnderstudyApp
    from understudy.cli.urls import Reader

LONGEST_CELL = 3000
"""Characters shown in one cell of a table."""
_FOR_PROGRAMS = ("json", "yaml")
"""Formats that say every character in a way of their own: there, data stays as it is."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OurCommand(command.Command):
    """A command that starts fast and can connect."""

    def _load_hooks(self) -> None:
        """Look for no plug-ins below a command: there are none, and it takes long."""
        self._hooks = []

    def get_epilog(self) -> str:
        """Return none; cliff searches every installed file to name its package."""
        return ""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return a parser that tells its errors in one line."""
        parser = super().get_parser(prog_name)
        parser.allow_abbrev = False

        def refuse(message: str) -> Any:
            self._app.refuse(f"{self.cmd_name}: {message}")

        parser.error = refuse  # type: ignore[method-assign]
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run on threads."""
        from understudy.rpcapi.threads import use_threads

        use_threads()
        return super().run(parsed_args)

    @contextlib.contextmanager
    def cloud(self, transport_url: str | None = None) -> Iterator[Cloud]:
        """Connect, to this bus or as the global options say, and let go at the end."""
        options = argparse.Namespace(**vars(self._app.options))
        options.transport_url = transport_url or self._transport_url()
        with contextlib.closing(self._app.clouds.connect(options)) as cloud:
            yield cloud

    def urls(self) -> Reader:
        """Return what reads URLs that hold passwords."""
        from understudy.cli.urls import Reader

        return Reader(self.app.stderr)

    def _transport_url(self) -> str | None:
        from understudy.cli import main

        options = self._app.options
        # A directory that is named comes before what is only in the environment.
        variable = "" if options.state_dir else main.TRANSPORT_URL_VARIABLE
        return self.urls().read(options, main.TRANSPORT_URL, variable)

    def warn_unanswered(self, cells: Sequence[str]) -> None:
        """Say which cells are missing from what was shown."""
        if cells:
            print(
                f"understudy: warning: no answer from {_shown(', '.join(sorted(cells)))}; "
                "what they hold is missing or as it was last known",
                file=self.app.stderr,
            )

    @property
    def _app(self) -> UnderstudyApp:
        return cast("UnderstudyApp", self.app)


class OurLister(OurCommand, lister.Lister):
    """A command that shows a table, and may still fail."""

    exit_code = 0

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Show the table, and return what `take_action` left as the exit code."""
        return super().run(parsed_args) or self.exit_code

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        """Show the rows, with nothing in them that a terminal would obey."""
        if parsed_args.formatter not in _FOR_PROGRAMS:
            data = [[_shown(value) for value in row] for row in data]
        return int(super().produce_output(parsed_args, column_names, data))


class OurShowOne(OurCommand, show.ShowOne):
    """A command that shows one thing."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        """Show the values, with nothing in them that a terminal would obey."""
        if parsed_args.formatter not in _FOR_PROGRAMS:
            data = [_shown(value) for value in data]
        return int(super().produce_output(parsed_args, column_names, data))


def _shown(value: Any) -> Any:
    """Return a value as people are shown it; what renders itself sees to it by itself."""
    return texts.printable(value, LONGEST_CELL) if isinstance(value, str) else value


def whole(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds, for argparse."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
            raise argparse.ArgumentTypeError(
                f"{texts.excerpt(text)} is not a whole number; write digits only"
            )
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is out of bounds; give {least} to {most}")
        return int(text)

    return read


def fraction(text: str) -> float:
    """Read a fraction from 0 to 1, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"{texts.excerpt(text)} is not a fraction; give 0 to 1, as in 0.1 for one in ten"
        )
    return value


def check_uuid(argument: str, text: str) -> str:
    """Return the uuid in its one canonical form, or raise BadInput."""
    canonical = text.lower()
    if not _UUID.fullmatch(canonical):
        raise BadInput(
            argument, "", f"{texts.excerpt(text)} is not a uuid", "take one that `list` shows"
        )
    return canonical
