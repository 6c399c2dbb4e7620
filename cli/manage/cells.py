"""`understudy-manage cell`: tell the API level where its cells are."""

from __future__ import annotations

import argparse
import dataclasses
import re
import uuid
from typing import TYPE_CHECKING, Any, Final

from understudy.cli import urls
from understudy.cli.bad_input import BadInput
from understudy.cli.manage import base, databases

if TYPE_CHECKING:
    from understudy.cells.api_store import ApiStore
    from understudy.cells.records import CellRecord
    from understudy.cli.services.configuration import Configuration


VARIABLES: Final = {
    "transport-url": "UNDERSTUDY_CELL_TRANSPORT_URL",
    "database-url": "UNDERSTUDY_CELL_DATABASE_URL",
}
"""The options of a cell's URLs, and what may hold them instead for a new cell."""


class Create(base.ManageCommand):
    """Add a cell; builds go there as soon as its hosts have registered."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with all that a cell is."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", help="unique; [cell] name in the cell's own files")
        urls.add_options(parser, "transport-url", "its bus", VARIABLES["transport-url"])
        urls.add_options(parser, "database-url", "its database", VARIABLES["database-url"])
        parser.add_argument("--disabled", action="store_true", help="let no builds in yet")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Write it down."""
        from understudy.cells.records import CellRecord

        check_name(parsed_args.name)
        read = self.urls().read
        found = {name: read(parsed_args, name, variable) for name, variable in VARIABLES.items()}
        for name, url in found.items():
            if url is None:
                raise BadInput(f"--{name}", "", "it is missing", f"give --{name}-file FILE")
        record = CellRecord(
            str(uuid.uuid4()),
            parsed_args.name,
            found["transport-url"] or "",
            found["database-url"] or "",
            enabled=not parsed_args.disabled,
        )
        check_urls(record)
        with self.api() as api:
            api.add_cell(record)
        self.say(record.uuid)


class Update(base.ManageCommand):
    """Change where a cell is, or whether builds may go there."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with what may change."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name")
        urls.add_options(parser, "transport-url", "its bus from now on")
        urls.add_options(parser, "database-url", "its database from now on")
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--enable", dest="enabled", action="store_true", default=None)
        either.add_argument("--disable", dest="enabled", action="store_false")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Write it down."""
        said: dict[str, Any] = {"enabled": parsed_args.enabled}
        for name in VARIABLES:
            said[name.replace("-", "_")] = self.urls().read(parsed_args, name)
        changed = {name: value for name, value in said.items() if value is not None}
        if not changed:
            raise BadInput("cell update", "", "nothing is to be changed", "give an option")
        with self.api() as api:
            record = dataclasses.replace(api.cell(parsed_args.name), **changed)
            if {"transport_url", "database_url"} & set(changed):
                check_urls(record)
            api.update_cell(record)


class List(base.ManageLister):
    """List the cells of the API database."""

    def take_action(self, parsed_args: argparse.Namespace) -> base.Table:
        """Read them."""
        from understudy.conductor.masking import mask

        with self.api() as api:
            return ("UUID", "Name", "Enabled", "Bus", "Database"), [
                (
                    cell.uuid,
                    cell.name,
                    cell.enabled,
                    mask(cell.transport_url),
                    mask(cell.database_url),
                )
                for cell in api.cells()
            ]


class Delete(base.ManageCommand):
    """Forget a cell that has neither hosts nor instances."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with its name."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Forget it."""
        with self.api() as api:
            api.remove_cell(parsed_args.name)


class Verify(base.ManageLister):
    """See whether the bus and the database of each cell can be used from here."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the cell."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", nargs="?", help="left out: all of them")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> base.Table:
        """Try them."""
        from understudy.cli.services import checks

        conf = self.configuration(checks.api_database)
        with self.api() as api:
            cells = self._wanted(api, parsed_args.name)
        rows: list[base.Row] = []
        for cell in cells:
            found = (try_bus(conf, cell), try_database(cell))
            self.exit_code = self.exit_code or int(found != ("ok", "ok"))
            rows.append((cell.name, *found))
        return ("Name", "Bus", "Database"), rows

    @staticmethod
    def _wanted(api: ApiStore, name: str | None) -> list[CellRecord]:
        return api.cells() if name is None else [api.cell(name)]


def try_bus(conf: Configuration, cell: CellRecord) -> str:
    """Return "ok", or why the cell's bus cannot be used."""
    import contextlib

    from understudy.rpcapi.bus import Bus

    try:
        with contextlib.closing(Bus.open(cell.name, cell.transport_url, conf=conf)) as bus:
            bus.reach()
    except Exception as error:
        # Every driver has errors of its own.
        return base.one_line(error)
    return "ok"


def try_database(cell: CellRecord) -> str:
    """Return "ok", or why the cell's database cannot be used."""
    import contextlib

    from understudy.cells import cell_store, schema

    try:
        with contextlib.closing(cell_store.connect(cell.name, cell.database_url)) as store:
            store.ping()
            found = schema.version(store.database.engine)
    except Exception as error:
        return base.one_line(error)
    sync = f"cell-db sync --cell {cell.name}"
    return databases.not_newest(found, schema.Tree.CELL, sync) or "ok"


def check_urls(record: CellRecord) -> None:
    """Raise BadInput where a URL asks for TLS without knowing whom it speaks to."""
    from understudy.cells import cell_store
    from understudy.cells import errors as cell_errors
    from understudy.rpcapi import options, tls

    try:
        tls.demanded(options.private(), record.transport_url)
    except tls.Contradiction as error:
        problem, _, remedy = str(error).rpartition("; ")
        raise BadInput("--transport-url", "", problem, remedy) from None
    try:
        cell_store.connect(record.name, record.database_url).close()
    except cell_errors.UntrustedUrl as error:
        raise BadInput("--database-url", "", error.problem, error.remedy) from None


def check_name(name: str) -> None:
    """Raise BadInput unless a cell may be called so."""
    from understudy.rpcapi.bus import API

    if name == API or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise BadInput(
            "name", "", f"no cell may be called {name!r}", "use letters, digits, dots and dashes"
        )
