"""`understudy demo`: a whole cloud in one process, some of its hosts broken."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from understudy.cli import urls
from understudy.cli.bad_input import BadInput
from understudy.cli.commands import base, runs

if TYPE_CHECKING:
    from understudy.cli import figures
    from understudy.cli.cloud import AuditReport


class Demo(runs.RunCommand):
    """Build in a cloud of its own whose hosts fail, and show how each build is rescued."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the size of it all."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--hosts", type=base.whole(1, 10_000), default=40, metavar="N", help="hosts (40)"
        )
        parser.add_argument(
            "--builds", type=base.whole(1, 100_000), default=200, metavar="N", help="builds (200)"
        )
        parser.add_argument(
            "--fail-hosts",
            type=base.fraction,
            default=0.1,
            metavar="F",
            help="the fraction of hosts that are broken (0.1)",
        )
        parser.add_argument(
            "--alternates",
            type=base.whole(0, 31),
            default=3,
            metavar="N",
            help="understudies of each build (3)",
        )
        urls.add_options(
            parser,
            "against",
            "build on the running cloud with this message bus; "
            "its hosts are its own, so --hosts, --cells and --fail-hosts say nothing. With "
            "--config-file before `demo`, its claims are audited at the end",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Run it, and tell how it went."""
        from understudy.cli import summary

        against = self.urls().read(parsed_args, "against")
        if against is None:
            run = self._build(parsed_args)
        else:
            run = self._build_against(parsed_args, against)
        if parsed_args.json:
            print(summary.as_json(run.figures), file=self.app.stdout)
        else:
            summary.tell_demo(run, self.app.stdout)
        return int(not run.sound)

    def _build(self, parsed_args: argparse.Namespace) -> figures.Run:
        state_dir = self.state_dir()
        from understudy.cli import demo

        settings = demo.Settings(
            hosts=parsed_args.hosts,
            cells=min(parsed_args.cells, parsed_args.hosts),
            builds=parsed_args.builds,
            fail_hosts=parsed_args.fail_hosts,
            alternates=parsed_args.alternates,
            seed=parsed_args.seed,
            state_dir=state_dir,
        )
        return demo.run(settings, self._app.clouds.create, self.progress(parsed_args))

    def _build_against(self, parsed_args: argparse.Namespace, against: str) -> figures.Run:
        options = self._app.options
        for name in ("state_dir", "transport_url", "transport_url_file"):
            if getattr(options, name):
                raise BadInput(
                    f"--{name.replace('_', '-')}", "", "it stands beside --against", "leave it out"
                )
        from understudy.cli import demo

        settings = demo.Settings(
            builds=parsed_args.builds,
            alternates=parsed_args.alternates,
            seed=parsed_args.seed,
            run=uuid.uuid4().hex,
            fast_disks=False,
        )
        with self.cloud(against) as cloud:
            return demo.run_against(
                settings, cloud, self.progress(parsed_args), self._audit(options.config_file)
            )

    @staticmethod
    def _audit(config_file: str | None) -> Callable[[], AuditReport] | None:
        if config_file is None:
            return None
        from understudy.cli.manage import auditing

        return lambda: auditing.audit(config_file)
