"""Show a run while it runs: a live table on a terminal, else a line now and then."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from understudy.cli.board import Board

SECONDS_BETWEEN_LINES = 3.0
STYLES = {"ACTIVE": "green", "ERROR": "red", "MOVING": "yellow", "EXHAUSTED": "yellow"}
_BAR = 40


class Progress(Protocol):
    """Where a run tells how far it is."""

    def say(self, text: str) -> None:
        """Say what happens next."""

    def watching(self, board: Board) -> contextlib.AbstractContextManager[None]:
        """Show the board until the context is left."""

    def update(self, board: Board) -> None:
        """Show what has changed."""


def to(stream: TextIO) -> Progress:
    """Return what fits the stream."""
    console = Console(file=stream, highlight=False)
    return LiveProgress(console) if console.is_terminal else PlainProgress(stream)


class PlainProgress:
    """A line every few seconds, and one at the end."""

    def __init__(self, stream: TextIO, every: float = SECONDS_BETWEEN_LINES) -> None:
        """Write to the stream."""
        self._stream = stream
        self._every = every
        self._written_at = 0.0

    def say(self, text: str) -> None:
        """Write a line."""
        print(text, file=self._stream, flush=True)

    @contextlib.contextmanager
    def watching(self, board: Board) -> Iterator[None]:
        """Write the last word at the end."""
        self._written_at = board.seconds
        try:
            yield
        finally:
            self.say(line(board))

    def update(self, board: Board) -> None:
        """Write a line if the last was some time ago."""
        if board.seconds - self._written_at >= self._every:
            self._written_at = board.seconds
            self.say(line(board))


class LiveProgress:
    """A bar for every state, the cells side by side, and who was rescued last."""

    def __init__(self, console: Console) -> None:
        """Draw on the console."""
        self._console = console
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self._console.print(text)

    @contextlib.contextmanager
    def watching(self, board: Board) -> Iterator[None]:
        """Draw, and leave the last picture standing."""
        with Live(picture(board), console=self._console, refresh_per_second=8) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None
                live.update(picture(board), refresh=True)

    def update(self, board: Board) -> None:
        """Draw anew."""
        if self._live is not None:
            self._live.update(picture(board))


def line(board: Board) -> str:
    """Return the board as one line of text."""
    states = [f"{state} {count}" for state, count in board.by_state().items()]
    if board.refused:
        states.append(f"refused {board.refused}")
    parts = [f"{board.ended} of {board.builds} ended", *states, f"retried {board.retried}"]
    return f"{board.seconds:6.1f} s  {', '.join(parts)}"


def picture(board: Board) -> RenderableType:
    """Return the board as a picture."""
    parts: list[RenderableType] = [_states(board), _cells(board)]
    parts += [
        Text.assemble(
            ("  moved ", "dim"),
            move.name,
            f"  {move.left} -> {move.went_to}  ",
            (move.fault, "dim"),
        )
        for move in board.moves
    ]
    return Group(*parts)


def _states(board: Board) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        "ended",
        ProgressBar(
            board.builds, board.ended, width=_BAR, complete_style="cyan", finished_style="cyan"
        ),
        f"{board.ended} of {board.builds}, {board.retried} retried, {board.seconds:.1f} s",
    )
    for state, count in board.by_state().items():
        style = STYLES.get(state, "blue")
        bar = ProgressBar(
            board.builds, count, width=_BAR, complete_style=style, finished_style=style
        )
        grid.add_row(Text(state, style=style), bar, str(count))
    if board.refused:
        grid.add_row(Text("refused", style="red"), "", str(board.refused))
    return grid


def _cells(board: Board) -> RenderableType:
    cells = board.by_cell()
    return Text(
        "   ".join(
            f"{cell}: " + ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
            for cell, counts in cells.items()
        ),
        style="dim",
    )
