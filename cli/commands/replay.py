"""`understudy replay`: what a cloud of yours would have made of requests of yours."""

from __future__ import annotations

import argparse
from pathlib import Path

from understudy.cli.commands import base, runs


class Replay(runs.RunCommand):
    """Build a cloud from a list of nodes, and play a list of requests into it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with both files and how much of them to take."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--nodes",
            type=Path,
            required=True,
            metavar="FILE",
            help="the nodes: openb columns in .csv, or our form in .yaml",
        )
        parser.add_argument(
            "--requests",
            type=Path,
            required=True,
            metavar="FILE",
            help="the requests: openb columns in .csv, or our form in .yaml",
        )
        parser.add_argument(
            "--limit", type=base.whole(1), metavar="N", help="only the first N requests"
        )
        parser.add_argument(
            "--sample-hosts",
            type=base.whole(1),
            metavar="N",
            help="only N of the nodes, drawn by --seed",
        )
        parser.add_argument(
            "--fail-hosts",
            type=base.fraction,
            default=0.0,
            metavar="F",
            help="the fraction of hosts that are broken (0)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Play it, and tell how it went."""
        state_dir = self.state_dir()
        from understudy.cli import replay, summary

        settings = replay.Settings(
            nodes=parsed_args.nodes,
            requests=parsed_args.requests,
            limit=parsed_args.limit,
            sample_hosts=parsed_args.sample_hosts,
            fail_hosts=parsed_args.fail_hosts,
            cells=parsed_args.cells,
            seed=parsed_args.seed,
            state_dir=state_dir,
        )
        run = replay.run(settings, self._app.clouds.create, self.progress(parsed_args))
        if parsed_args.json:
            print(summary.as_json(run.figures), file=self.app.stdout)
        else:
            summary.tell_replay(run, self.app.stdout)
        return int(not run.sound)
