"""`understudy list`, `show`, `delete` and `wait`: what became of what was asked."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from understudy.cli.bad_input import BadInput
from understudy.cli.commands import base, columns

if TYPE_CHECKING:
    from understudy.cli.cloud import Cloud
    from understudy.objects.build_answer import BuildResult
    from understudy.objects.instance import InstancePage

PAGE = 100
MAX_PAGE = 1000


class List(base.OurLister):
    """List instances across all cells, a page at a time."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the filters, the order and the page."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--state", help="only those in this state, as ACTIVE or ERROR")
        parser.add_argument("--host", help="only those on this host")
        parser.add_argument("--project", help="only those of this project")
        parser.add_argument("--name", help="only those of this name")
        parser.add_argument(
            "--sort",
            action="append",
            metavar="KEY[:asc|desc]",
            help="order, as created_at:desc (the default); can be repeated",
        )
        parser.add_argument(
            "--limit",
            type=base.whole(1, MAX_PAGE),
            default=PAGE,
            help=f"at most so many on a page ({PAGE})",
        )
        parser.add_argument("--marker", metavar="UUID", help="continue after this instance")
        parser.add_argument("--all", action="store_true", help="all pages")
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Fetch one page, or all."""
        if parsed_args.marker is not None:
            base.check_uuid("--marker", parsed_args.marker)
        keys, directions = _order(parsed_args.sort or ["created_at:desc"])
        rows: list[tuple[object, ...]] = []
        unanswered: set[str] = set()
        with self.cloud() as cloud:
            pages = _pages(cloud, parsed_args, keys, directions)
            for page in pages:
                rows += [columns.instance_row(instance) for instance in page.instances]
                unanswered.update(page.cells_unanswered)
                if page.marker and not parsed_args.all:
                    print(
                        f"understudy: there are more: --marker {page.marker}, or --all",
                        file=self.app.stderr,
                    )
        self.warn_unanswered(sorted(unanswered))
        return columns.INSTANCE, rows


def _pages(
    cloud: Cloud, args: argparse.Namespace, keys: Sequence[str], directions: Sequence[str]
) -> Iterator[InstancePage]:
    marker: str | None = args.marker
    while True:
        page = cloud.client.list_instances(
            cloud.context(), _filters(args), keys, directions, args.limit, marker
        )
        yield page
        marker = page.marker
        if marker is None or not args.all:
            return


def _filters(args: argparse.Namespace) -> Mapping[str, str]:
    filters = {
        "state": args.state and args.state.upper(),
        "host": args.host,
        "project_id": args.project,
        "name": args.name,
    }
    return {key: value for key, value in filters.items() if value is not None}


def _order(sorts: Sequence[str]) -> tuple[list[str], list[str]]:
    keys, directions = [], []
    for sort in sorts:
        key, _, direction = sort.partition(":")
        if not key or direction not in {"", "asc", "desc"}:
            raise BadInput(
                "--sort", "", f"{sort!r} is no order", "write KEY:asc or KEY:desc, as name:asc"
            )
        keys.append(key)
        directions.append(direction or "asc")
    return keys, directions


class Show(base.OurShowOne):
    """Show one instance and the timeline of its attempts."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the uuid."""
        parser = super().get_parser(prog_name)
        parser.add_argument("uuid", help="the instance's uuid")
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[object]]:
        """Fetch it."""
        uuid = base.check_uuid("uuid", parsed_args.uuid)
        with self.cloud() as cloud:
            instance = cloud.client.show(cloud.context(), uuid)
        return self.dict2columns(
            {
                "uuid": instance.uuid,
                "name": instance.name,
                "state": instance.state,
                "cell": instance.cell_name,
                "host": instance.service_host,
                "attempt": instance.attempt,
                "alternates_left": instance.alternates_left,
                "fault": columns.fault_text(instance.fault),
                "timeline": columns.Timeline(instance.attempts),
                "request": instance.request_id,
                "project": instance.project_id,
                "user": instance.user_id,
                "created_at": columns.when(instance.created_at),
                "updated_at": columns.when(instance.updated_at),
            }
        )


class Delete(base.OurCommand):
    """Delete instances, or all that one request made."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the uuids."""
        parser = super().get_parser(prog_name)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("uuid", nargs="*", default=[], help="the instances' uuids")
        which.add_argument("--request", metavar="UUID", help="every instance of this request")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Ask for it; every uuid is looked at before the first is deleted."""
        uuids = [base.check_uuid("uuid", uuid) for uuid in parsed_args.uuid]
        if parsed_args.request is not None:
            base.check_uuid("--request", parsed_args.request)
        with self.cloud() as cloud:
            if parsed_args.request is not None:
                cloud.client.cancel(cloud.context(), parsed_args.request)
            for uuid in uuids:
                cloud.client.delete(cloud.context(), uuid)
        return 0


class Wait(base.OurLister):
    """Wait until every instance of a request has ended; fail unless all are ACTIVE."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the request and the patience."""
        parser = super().get_parser(prog_name)
        parser.add_argument("request", help="the request's uuid")
        parser.add_argument(
            "--timeout",
            type=base.whole(1),
            default=600,
            metavar="SECONDS",
            help="how long to wait (600)",
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Wait, and show where each instance ended."""
        request = base.check_uuid("request", parsed_args.request)
        with self.cloud() as cloud:
            result = cloud.client.wait(cloud.context(), request, parsed_args.timeout)
        self.warn_unanswered(result.cells_unanswered)
        self.exit_code = code_of(result)
        return columns.INSTANCE, [columns.instance_row(one) for one in result.instances]


def code_of(result: BuildResult) -> int:
    """Return 0 if every instance is ACTIVE, else 1."""
    return int(any(instance.state != "ACTIVE" for instance in result.instances))
