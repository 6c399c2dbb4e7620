"""The `understudy-manage` command: what an operator does beside the running services.

It works on the databases, the buses and Placement themselves, by the
configuration file of a service.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import ClassVar, Final

from understudy.cli import private
from understudy.cli.main import UnderstudyApp

COMMANDS: Final = "understudy.manage"


class ManageApp(UnderstudyApp):
    """The application that cliff runs."""

    NAME = "understudy-manage"
    commands: ClassVar[str] = COMMANDS
    description: ClassVar[str] = "Set up cells and databases, and see to what was left behind."

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that say which configuration is meant."""
        parser.add_argument(
            "--config-file",
            metavar="FILE",
            action="append",
            help="read this file, and the next one over it "
            "(/etc/understudy/understudy.conf and the like)",
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return its exit code."""
    private.from_now_on()
    return ManageApp().run(list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
