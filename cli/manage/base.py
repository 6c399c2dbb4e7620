"""What the commands of `understudy-manage` share: the configuration, and what it leads to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from understudy.cli.commands import base
from understudy.objects import text

if TYPE_CHECKING:
    from understudy.cells.api_store import ApiStore
    from understudy.cli.services.configuration import Check, Configuration
    from understudy.conductor.cell_access import CellDirectory


LONGEST_LINE: Final = 8192
"""Characters of one line that a command writes."""


class ManageCommand(base.OurCommand):
    """A command that works by a configuration file."""

    def configuration(self, *checks: Check) -> Configuration:
        """Return the configuration, seen to by these checks. Raises BadInput."""
        from understudy.cli.services import configuration

        return configuration.read("understudy-manage", self.arguments(), checks)

    def arguments(self) -> list[str]:
        """Return the files that were named, as oslo.config takes them."""
        return [f"--config-file={file}" for file in self._app.options.config_file or ()]

    def say(self, *lines: object) -> None:
        """Write lines to standard output."""
        for line in lines:
            print(text.printable(str(line), LONGEST_LINE), file=self.app.stdout)

    @contextlib.contextmanager
    def api(self) -> Iterator[ApiStore]:
        """Open the API database of [api_database]."""
        from understudy.cli.services import checks

        conf = self.configuration(checks.api_database)
        with contextlib.closing(checks.open_api_store(conf)) as api:
            yield api

    @contextlib.contextmanager
    def cells(self, conf: Configuration, api: ApiStore) -> Iterator[CellDirectory]:
        """Open cells as they are asked for."""
        import functools

        from understudy.cli.services import conductor
        from understudy.conductor.cell_access import CellDirectory

        with contextlib.closing(
            CellDirectory(api, functools.partial(conductor.open_cell, conf))
        ) as cells:
            yield cells


class ManageLister(ManageCommand, base.OurLister):
    """A command that shows a table."""


Row = tuple[object, ...]
Table = tuple[Sequence[str], list[Row]]


def one_line(error: Any) -> str:
    """Return an error's text on one line."""
    return text.printable(" ".join(str(error).split())) or type(error).__name__
