"""The `understudy` command: options that all commands share, and how errors are told.

Nothing heavy is imported here; a command imports what it needs once it runs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, TextIO

from cliff import app, commandmanager

from understudy.cli import failures, one_line, private, urls
from understudy.objects import text

if TYPE_CHECKING:
    from understudy.cli.connect import Clouds

COMMANDS: Final = "understudy.commands"
TRANSPORT_URL: Final = "transport-url"
TRANSPORT_URL_VARIABLE: Final = "UNDERSTUDY_TRANSPORT_URL"
DESCRIPTION: Final = "Build instances in a cloud of many cells, and see how it went."
_LEVELS: Final = {0: logging.CRITICAL, 1: logging.CRITICAL, 2: logging.INFO}


class UnderstudyApp(app.App):
    """The application that cliff runs; `clouds` makes the connections."""

    NAME = "understudy"
    commands: ClassVar[str] = COMMANDS
    description: ClassVar[str] = DESCRIPTION

    def __init__(
        self,
        clouds: Clouds | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        """Find the commands, but load none."""
        super().__init__(
            description=self.description,
            version=importlib.metadata.version("understudy"),
            command_manager=commandmanager.CommandManager(self.commands),
            stdout=stdout,
            stderr=stderr,
            deferred_help=True,
        )
        self._clouds = clouds
        self._handlers: list[logging.Handler] = []

    @property
    def clouds(self) -> Clouds:
        """What makes the connections."""
        if self._clouds is None:
            from understudy.cli.connect import Clouds

            self._clouds = Clouds()
        return self._clouds

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> argparse.ArgumentParser:
        """Return cliff's parser with our own options."""
        # Abbreviated, `list --state` would be taken for --state-dir.
        parser = super().build_option_parser(description, version, {"allow_abbrev": False})
        parser.error = self.refuse  # type: ignore[method-assign]
        self.add_options(parser)
        return parser

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that say which cloud is meant."""
        parser.add_argument(
            "--state-dir",
            metavar="DIR",
            default=os.environ.get("UNDERSTUDY_STATE_DIR"),
            help="use the cloud that is kept in DIR, inside this process "
            "(UNDERSTUDY_STATE_DIR); `demo` and `replay` leave theirs there",
        )
        parser.add_argument(
            "--config-file",
            metavar="FILE",
            help="talk to the super conductor that this configuration file leads to",
        )
        urls.add_options(
            parser,
            TRANSPORT_URL,
            "talk to the super conductor on this message bus, as in "
            "rabbit://user:password@host:5672/api",
            TRANSPORT_URL_VARIABLE,
        )

    def configure_logging(self) -> None:
        """Log nothing unless asked to: errors are told by other means."""
        level = _LEVELS.get(self.options.verbose_level, logging.DEBUG)
        console = logging.StreamHandler(self.stderr)
        console.setLevel(level)
        console.setFormatter(_one_line("%(levelname)s %(name)s %(message)s"))
        self._handlers = [console]
        if self.options.log_file:
            level = min(level, logging.INFO)
            to_file = logging.FileHandler(self.options.log_file)
            to_file.setFormatter(_one_line(self.LOG_FILE_MESSAGE_FORMAT))
            self._handlers.append(to_file)
        root = logging.getLogger()
        # Records that nobody sees are not worth making.
        root.setLevel(level)
        for handler in self._handlers:
            root.addHandler(handler)

    def run(self, argv: list[str]) -> int:
        """Run one command; with none, show what there is."""
        try:
            return super().run(argv or ["--help"])
        finally:
            for handler in self._handlers:
                logging.getLogger().removeHandler(handler)
                handler.close()

    def run_subcommand(self, argv: list[str]) -> int:
        """Run the command, and tell an error in one line."""
        try:
            factory, name, arguments = self.command_manager.find_command(argv)
        except ValueError:
            self.refuse(self._no_such_command(argv))
        try:
            command = factory(self, self.options, cmd_name=name)
            return command.run(command.get_parser(f"{self.NAME} {name}").parse_args(arguments))
        except (BrokenPipeError, KeyboardInterrupt):
            raise
        except Exception as error:
            if self.options.debug:
                raise
            print(failures.line(error), file=self.stderr)
            return failures.exit_code(error)

    def refuse(self, message: str) -> Any:
        """Say in one line what is wrong with the command line, and exit."""
        shown = text.printable(" ".join(message.split()))
        print(f"{self.NAME}: {shown}; see {self.NAME} --help", file=self.stderr)
        raise SystemExit(failures.BAD_INPUT)

    def _no_such_command(self, argv: Sequence[str]) -> str:
        words = []
        for word in argv:
            if word.startswith("-"):
                break
            words.append(word)
        if not words:
            return f"{argv[0]} stands where a command is expected"
        near = self.get_fuzzy_matches(words[0])
        hint = f", did you mean {' or '.join(near)}?" if near else ""
        return f"there is no command {' '.join(words)!r}{hint}"


def _one_line(form: str) -> logging.Formatter:
    formatter = logging.Formatter(form)
    one_line.keep(formatter)
    return formatter


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return its exit code."""
    private.from_now_on()
    return UnderstudyApp().run(list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
