"""Tables in CSV: each cell is asked for by its column, and knows where it stands."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.bad_input import BadInput
from understudy.cli.inputs import files
from understudy.objects.resource_validation import MAX_AMOUNT
from understudy.objects.text import EXCERPT, excerpt, printable

if TYPE_CHECKING:
    import _csv

_WHOLE = re.compile(r"-?[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, and the line it ends on."""

    file: str
    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return the cell, which must not be empty."""
        text = self.cells[column].strip()
        if not text:
            raise self.wrong(column, "the cell is empty", "fill it in")
        return text

    def optional(self, column: str) -> str:
        """Return the cell, which may be empty."""
        return self.cells[column].strip()

    def amount(self, column: str, least: int = 0, most: int = MAX_AMOUNT) -> int:
        """Return the cell as a whole number from `least` to `most`."""
        text = self.text(column)
        if not _WHOLE.fullmatch(text):
            raise self.wrong(column, f"{excerpt(text)} is not a whole number", "write digits only")
        # More digits than Python converts are out of bounds in any case.
        amount = int(text) if len(text) < 20 else MAX_AMOUNT + 1  # noqa: PLR2004
        if text.startswith("-") or amount < least:
            raise self.wrong(column, f"{_short(text)} is too low", f"write {least} or more")
        if amount > most:
            raise self.wrong(column, f"{_short(text)} is too high", f"write at most {most}")
        return amount

    def wrong(self, column: str, problem: str, remedy: str) -> BadInput:
        """Return the error that blames this row's cell of `column`."""
        return BadInput(self.place, f"column {column}", problem, remedy)

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}"


def read(path: Path, columns: Sequence[str], limit: int | None = None) -> list[Row]:
    """Return the first `limit` rows of a table that must have these columns.

    Other columns are none of our business.
    """
    reader = csv.reader(io.StringIO(files.read_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(str(path), header, columns)
        return list(_rows(str(path), reader, header, limit))
    except csv.Error as error:
        raise BadInput(
            f"{path}:{reader.line_num}", "", f"it is no CSV: {error}", "mend the quotes"
        ) from None


def _rows(
    file: str, reader: _csv.Reader, header: Sequence[str], limit: int | None
) -> Iterator[Row]:
    read = 0
    for cells in reader:
        if limit is not None and read >= limit:
            return
        if not cells:
            continue
        if len(cells) != len(header):
            raise BadInput(
                f"{file}:{reader.line_num}",
                "",
                f"the row has {len(cells)} cells and the header {len(header)} columns",
                "give each column one cell, be it empty",
            )
        yield Row(file, reader.line_num, dict(zip(header, cells, strict=True)))
        read += 1


def _check_header(file: str, header: Sequence[str], columns: Sequence[str]) -> None:
    for column in columns:
        if header.count(column) > 1:
            raise BadInput(f"{file}:1", f"column {column}", "it stands twice", "leave one out")
        if column not in header:
            raise BadInput(
                f"{file}:1", f"column {column}", "it is missing", _nearest(column, header, columns)
            )


def _short(number: str) -> str:
    return printable(number, EXCERPT)


def _nearest(column: str, header: Sequence[str], columns: Sequence[str]) -> str:
    strangers = [name for name in header if name not in columns]
    near = difflib.get_close_matches(column.lower(), [name.lower() for name in strangers], n=1)
    if near:
        written = next(name for name in strangers if name.lower() == near[0])
        return f"did you mean it by {excerpt(written)}?"
    return f"the first line must name {', '.join(columns)}"
