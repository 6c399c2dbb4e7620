"""What `demo` and `replay` share: progress to the right place, and a code at the end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli import connect
from understudy.cli.bad_input import BadInput
from understudy.cli.commands import base

if TYPE_CHECKING:
    from understudy.cli.progress import Progress


class RunCommand(base.OurCommand):
    """A command that makes a cloud of its own."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with what both know."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--cells", type=base.whole(1, 100), default=2, metavar="N", help="cells (2)"
        )
        parser.add_argument(
            "--seed",
            type=base.whole(0),
            default=1,
            metavar="N",
            help="what is drawn by chance follows from it (1)",
        )
        parser.add_argument(
            "--json", action="store_true", help="end with the figures as one JSON object"
        )
        return parser

    def progress(self, args: argparse.Namespace) -> Progress:
        """Return progress that leaves standard output to the JSON, if that was asked for."""
        from understudy.cli import progress

        return progress.to(self.app.stderr if args.json else self.app.stdout)

    def state_dir(self) -> Path | None:
        """Return where to leave the cloud, if anywhere; it must be empty."""
        options = self._app.options
        for option in ("config_file", "transport_url", "transport_url_file"):
            if getattr(options, option):
                raise BadInput(
                    f"--{option.replace('_', '-')}",
                    "",
                    f"{self.cmd_name} makes a cloud of its own",
                    "leave it out",
                )
        if not options.state_dir:
            return None
        state_dir = Path(options.state_dir)
        connect.check_empty(state_dir)
        return state_dir
