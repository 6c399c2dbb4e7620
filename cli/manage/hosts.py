"""`understudy-manage host ...`: decide about hosts that their cell does not take.

`understudy host list` shows them, and which of these commands to give.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from understudy.cli.manage import base

if TYPE_CHECKING:
    from understudy.cells.refusals import Why
    from understudy.conductor.host_decisions import HostDecisions, Waiting


class _Decision(base.ManageCommand):
    """A command that decides something about a host."""

    @contextlib.contextmanager
    def decisions(self) -> Iterator[HostDecisions]:
        """Open the databases and Placement."""
        from understudy.cli.services import checks, logs
        from understudy.conductor.host_decisions import HostDecisions
        from understudy.ledger import options as ledger_options

        conf = self.configuration(checks.api_database, checks.placement)
        if logs.are_kept(conf):
            logs.set_up(conf)
        ledger = ledger_options.connect(conf)
        with self.api() as api, self.cells(conf, api) as cells:
            yield HostDecisions(api, cells, ledger.inventory, ledger.books)

    def decided(self, action: str, said: str, **facts: object) -> None:
        """Say it, and write it into the audit log."""
        from understudy.rpcapi import audit_log

        audit_log.note(f"host.{action}", audit_log.operator(), **facts)
        self.say(said)


class _OfWaiting(_Decision):
    """Decides about a host that waits."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the host."""
        parser = super().get_parser(prog_name)
        parser.add_argument("host", help="its name or its uuid, as `understudy host list` shows")
        parser.add_argument(
            "--agent", metavar="UUID", help="the agent that speaks for it, where several do"
        )
        return parser

    def approve(self, parsed_args: argparse.Namespace, action: str, *why: Why) -> None:
        """Let the host in that was refused for one of these reasons."""
        with self.decisions() as decisions:
            found = decisions.approve(parsed_args.host, *why, agent=parsed_args.agent)
        self.tell(action, found)

    def tell(self, action: str, found: Waiting) -> None:
        """Say which host it was."""
        host = found.host
        self.decided(
            action,
            f"{host.name} ({host.uuid}) of agent {host.agent_uuid or 'unknown'}, the broker's "
            f"user {host.bus_user or 'unknown'}: {found.cell.name} takes it at its next "
            "registration",
            host=host.name,
            uuid=host.uuid,
            agent=host.agent_uuid,
            broker_user=host.bus_user,
            cell=found.cell.name,
        )


class Approve(_OfWaiting):
    """Let a new host into the cell that it has tried to register in."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Let it in."""
        from understudy.cells.refusals import Why

        self.approve(parsed_args, "approve", Why.NEW)


class Rebind(_OfWaiting):
    """Let another agent, or the same one from elsewhere, speak for a host."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Let it."""
        from understudy.cells.refusals import Why

        self.approve(parsed_args, "rebind", Why.AGENT, Why.CLONE)


class AdoptProviders(_OfWaiting):
    """Take providers that Placement has already for this host's own."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Take them."""
        from understudy.cells.refusals import Why

        self.approve(parsed_args, "adopt", Why.PROVIDERS)


class Replace(_OfWaiting):
    """Let a machine take the place of another that had its name and holds nothing any more."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Forget the old one, and let the new one in."""
        with self.decisions() as decisions:
            self.tell("replace", decisions.replace(parsed_args.host, parsed_args.agent))


class Move(_OfWaiting):
    """Let a host leave its cell, in which it holds nothing any more, for another."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the cell."""
        parser = super().get_parser(prog_name)
        parser.add_argument("cell", help="the cell that it has tried to register in")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Forget it there, and let it in here."""
        named = parsed_args.host, parsed_args.cell, parsed_args.agent
        with self.decisions() as decisions:
            self.tell("move", decisions.move(*named))


class Rename(_Decision):
    """Call a host by another name, and keep all that it holds."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with both names."""
        parser = super().get_parser(prog_name)
        parser.add_argument("old", help="its name in `understudy host list`")
        parser.add_argument("new", help="the name that its agent registers it under now")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Rename it."""
        old, new = parsed_args.old, parsed_args.new
        with self.decisions() as decisions:
            cell = decisions.rename(old, new)
        self.decided("rename", f"{old} of {cell} is {new} now", host=old, name=new, cell=cell)


class Delete(_Decision):
    """Forget a host that is silent and holds nothing, with its mapping and its providers."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the host."""
        parser = super().get_parser(prog_name)
        parser.add_argument("host", help="its name in `understudy host list`")
        parser.add_argument(
            "--gone",
            action="store_true",
            help="the machine is gone for good, with what it held of instances that have ended",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Forget it."""
        with self.decisions() as decisions:
            cell = decisions.delete(parsed_args.host, gone=parsed_args.gone)
        self.decided(
            "delete",
            f"{parsed_args.host} of {cell} is forgotten",
            host=parsed_args.host,
            cell=cell,
            gone=parsed_args.gone or None,
        )
