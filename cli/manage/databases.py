"""`understudy-manage api-db` and `cell-db`: bring a schema up to date, and say where it is."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from understudy.cli.manage import base

if TYPE_CHECKING:
    from understudy.cells.api_store import ApiStore
    from understudy.cells.cell_store import CellStore


class ApiSync(base.ManageCommand):
    """Bring the API database to this release's schema; does nothing if it is there."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Upgrade it."""
        from understudy.cells import schema

        with self.api() as api:
            self.say(_sync(api, schema.Tree.API))


class ApiVersion(base.ManageCommand):
    """Show the API database's revision, and the newest one."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Look."""
        from understudy.cells import schema

        with self.api() as api:
            self.say(_version(api, schema.Tree.API))


class _OfCell(base.ManageCommand):
    """Works on one cell's database: the one of [cell_database], or that of --cell."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the cell."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--cell",
            metavar="NAME",
            help="the cell, as it is in the API database; left out: the one of [cell_database]",
        )
        return parser

    @contextlib.contextmanager
    def store(self, parsed_args: argparse.Namespace) -> Iterator[CellStore]:
        """Open the cell's database."""
        from understudy.cells import cell_store
        from understudy.cli.services import checks

        if parsed_args.cell is None:
            opened = checks.open_cell_store(self.configuration(checks.cell_database))
        else:
            with self.api() as api:
                record = api.cell(parsed_args.cell)
            opened = cell_store.connect(record.name, record.database_url)
        with contextlib.closing(opened) as store:
            yield store


class CellSync(_OfCell):
    """Bring a cell's database to this release's schema; does nothing if it is there."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Upgrade it."""
        from understudy.cells import schema

        with self.store(parsed_args) as store:
            self.say(_sync(store, schema.Tree.CELL))


class CellVersion(_OfCell):
    """Show a cell's database's revision, and the newest one."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Look."""
        from understudy.cells import schema

        with self.store(parsed_args) as store:
            self.say(_version(store, schema.Tree.CELL))


def _sync(store: ApiStore | CellStore, tree: object) -> str:
    from understudy.cells import schema

    assert isinstance(tree, schema.Tree)
    store.ping()
    with contextlib.closing(store.database.patient()) as database:
        before = schema.version(database.engine)
        schema.upgrade(database.engine, tree)
        after = schema.version(database.engine)
    return f"{after}: it was there already" if before == after else f"{before} -> {after}"


def _version(store: ApiStore | CellStore, tree: object) -> str:
    from understudy.cells import schema

    assert isinstance(tree, schema.Tree)
    store.ping()
    found, newest = schema.version(store.database.engine), schema.newest(tree)
    known = "" if schema.is_known(found, tree) else "; made by a newer release"
    return f"{found} (newest: {newest}{known})"


def not_newest(found: str | None, tree: object, sync: str) -> str | None:
    """Return what is to be done about a schema at this revision; None if it is the newest."""
    from understudy.cells import schema

    assert isinstance(tree, schema.Tree)
    newest = schema.newest(tree)
    if found == newest:
        return None
    if not schema.is_known(found, tree):
        return f"its schema is {found}, of a newer release; the newest known here is {newest}"
    return f"its schema is {found}, not {newest}: run {sync}"
