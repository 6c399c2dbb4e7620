"""`understudy host ...`: see the hosts, and say which of them may build."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.cli.bad_input import BadInput
from understudy.cli.commands import base

if TYPE_CHECKING:
    from understudy.objects.host import Host

COLUMNS = ("Host", "Cell", "State", "Alive", "Silent for", "Instances", "Zone", "Reason")


def row(host: Host) -> tuple[object, ...]:
    """Return the cells below COLUMNS."""
    silent = host.seconds_since_heartbeat
    return (
        host.name,
        host.cell_name,
        host.admin_state if host.refused is None else "refused",
        host.alive,
        None if silent is None else round(silent, 1),
        host.instances,
        host.availability_zone,
        host.reason if host.refused is None else f"{host.refused}; {host.remedy}",
    )


class HostList(base.OurLister):
    """List the hosts of all cells, or of one."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the cell."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--cell", help="only this cell's")
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Fetch them."""
        with self.cloud() as cloud:
            page = cloud.client.list_hosts(cloud.context(), parsed_args.cell)
        self.warn_unanswered(page.cells_unanswered)
        return COLUMNS, [row(host) for host in page.hosts]


class _SetHost(base.OurShowOne):
    admin_state: str
    needs_reason: bool

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the host and the reason."""
        parser = super().get_parser(prog_name)
        parser.add_argument("host", help="the host's name")
        parser.add_argument(
            "--reason", required=self.needs_reason, help="why, for whoever comes after you"
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[object]]:
        """Set it, and show the host."""
        reason: str | None = parsed_args.reason
        if reason is not None and not reason.strip():
            raise BadInput("--reason", "", "it says nothing", "write why, in a few words")
        _check_reason(reason)
        with self.cloud() as cloud:
            host = cloud.client.set_host(
                cloud.context(), parsed_args.host, self.admin_state, reason
            )
        return COLUMNS, row(host)


def _check_reason(reason: str | None) -> None:
    from understudy.objects import host_validation
    from understudy.objects.errors import InvalidRequest

    try:
        host_validation.check_reason(reason)
    except InvalidRequest as invalid:
        raise BadInput("--reason", "", invalid.problem, invalid.remedy) from None


class HostDisable(_SetHost):
    """Let a host take no builds any more, at once."""

    admin_state = "disabled"
    needs_reason = True


class HostDrain(_SetHost):
    """Let a host finish what it builds, and take no more."""

    admin_state = "draining"
    needs_reason = True


class HostEnable(_SetHost):
    """Let a host take builds again."""

    admin_state = "enabled"
    needs_reason = False
