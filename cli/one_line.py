"""Keep what is logged on one line, whatever the message holds.

Messages quote what hosts, clients and other services said. A line break in it
would begin a line that nobody logged, and an escape sequence would be obeyed by
the terminal that shows the log; so both are written as their codes, and what is
monstrous is cut. Formatters that write JSON do so by themselves.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from typing import Any, Final

from understudy.objects import text

LONGEST: Final = 8192
"""Characters of one part of a line, such as the message."""
LINES: Final = 200
"""Lines of a traceback that are kept from each of its ends."""

_KEPT: Final = frozenset({"color", "reset_color", "exc_text", "stack_info"})
"""What oslo.log's handler for terminals paints with, and what stands on lines of its own."""


def keep(formatter: logging.Formatter) -> None:
    """Let this formatter write one line for each message; doing it again is harmless."""
    if isinstance(formatter.formatMessage, _Message):
        return
    message, exception = formatter.formatMessage, formatter.formatException
    formatter.formatMessage = _Message(message)  # type: ignore[method-assign]

    def shown_exception(*args: Any, **kwargs: Any) -> str:
        return traceback(exception(*args, **kwargs))

    formatter.formatException = shown_exception  # type: ignore[method-assign]


def handlers() -> Iterator[logging.Handler]:
    """Yield every handler that some logger writes to."""
    yield from logging.root.handlers
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield from logger.handlers


def traceback(written: str) -> str:
    """Return a traceback with its own lines, and nothing else that breaks or hides one."""
    lines = written.split("\n")
    if len(lines) > 2 * LINES:
        left_out = f"... ({len(lines) - 2 * LINES} lines)"
        lines = [*lines[:LINES], left_out, *lines[-LINES:]]
    return "\n".join(text.printable(line, LONGEST) for line in lines)


class _Message:
    """Formats a record's line with every text of it made printable."""

    def __init__(self, format_message: Any) -> None:
        """Hand the texts on to this method of a formatter."""
        self._format = format_message

    def __call__(self, record: logging.LogRecord) -> str:
        """Return the line; the record itself stays as it is, for others that log it."""
        shown = copy.copy(record)
        for name, value in vars(record).items():
            if isinstance(value, (str, list, dict)) and name not in _KEPT:
                setattr(shown, name, text.printable(str(value), LONGEST))
        line: str = self._format(shown)
        return line
