"""`understudy-manage audit`, `purge` and `host discover`: see to what was left behind."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from understudy.cli.commands import base as commands
from understudy.cli.manage import base

if TYPE_CHECKING:
    from understudy.cells.api.purging import Purging as ApiPurging
    from understudy.cells.cell.purging import Purging as CellPurging

DAY: Final = 86_400
AT_ONCE: Final = 100
"""Rows purged in one transaction."""


class Audit(base.ManageCommand):
    """Hold Placement against the cells: what is leaked, doubled, missing or miscounted?

    And which claims on our hosts are not ours? Exit code 1 where something
    does not add up and was not mended. What is in flight may look wrong for a
    moment, so look again before you worry.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with --heal."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--heal",
            action="store_true",
            help="give back the claims of instances that have ended; all else is only told",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Look, and mend what may be."""
        from understudy.cells import errors as cell_errors
        from understudy.cli.services import checks
        from understudy.conductor import audit, healing
        from understudy.ledger import options as ledger_options

        conf = self.configuration(checks.api_database, checks.placement)
        ledger = ledger_options.connect(conf)
        consumer_type = conf.conductor.consumer_type
        with self.api() as api, self.cells(conf, api) as cells:
            healer = healing.Healer(api, cells, ledger.books, ledger.claims, consumer_type)
            healed = healer.run(write=parsed_args.heal)
            verb = "gave back" if parsed_args.heal else "may be given back"
            self.say(*(f"{verb}: {line}" for line in healed.mended))
            self.say(*(f"left: {line}" for line in healed.left))
            try:
                found = audit.Audit(cells, ledger.books, ledger.claims, consumer_type).run()
            except cell_errors.CellUnreachable as error:
                self.say(f"not complete: {error}")
                return 1
        for kind in ("leaked", "doubled", "missing", "miscounted", "foreign"):
            self.say(*(f"{kind}: {line}" for line in getattr(found, kind)))
        if found.clean and not healed.left:
            self.say("every claim is accounted for")
            return 0
        return 1


class Purge(base.ManageCommand):
    """Forget instances that were deleted, or handed to another cell, long enough ago."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the age."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--older-than",
            type=commands.whole(1, 36_500),
            default=30,
            metavar="DAYS",
            help="what ended before that (30); a day at least, for late messages must still "
            "find that it was deleted",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Remove them, cell by cell, and then from the API database."""
        from understudy.cells import errors as cell_errors
        from understudy.cells.api import purging as api_purging
        from understudy.cells.cell import purging as cell_purging
        from understudy.cli.services import checks

        seconds = float(parsed_args.older_than * DAY)
        conf = self.configuration(checks.api_database)
        silent = 0
        with self.api() as api, self.cells(conf, api) as cells:
            for record in cells.records():
                try:
                    gone = _purge(cell_purging.Purging(cells.open(record).store.database), seconds)
                    self.say(f"{record.name}: {gone} instances purged")
                except cell_errors.CellUnreachable as error:
                    self.say(f"{record.name}: left for now: {error}")
                    silent += 1
            gone = _purge(api_purging.Purging(api.database), seconds)
            self.say(f"API database: {gone} mappings purged")
        return int(silent > 0)


class HostDiscover(base.ManageCommand):
    """Tell the scheduler at once of the hosts that cells have registered.

    The super conductor does so by itself every few seconds.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Map them."""
        from understudy.cli.services import checks
        from understudy.conductor.discovery import Discovery

        conf = self.configuration(checks.api_database)
        with self.api() as api, self.cells(conf, api) as cells:
            before = {mapping.host for mapping in api.host_mappings()}
            Discovery(api, cells, conf.conductor.fault_memory).sweep()
            after = {mapping.host for mapping in api.host_mappings()}
        self.say(*sorted(after - before), f"{len(after)} hosts, {len(after - before)} of them new")


def _purge(database: ApiPurging | CellPurging, seconds: float) -> int:
    total = 0
    while gone := database.purge_ended(seconds, AT_ONCE):
        total += gone
    return total
