"""Show a text that somebody else wrote: on one line, cut, and with nothing hidden in it.

What a terminal or a log would obey instead of showing (escape sequences, line
breaks, marks that turn the reading direction, characters of no width) is
written as its code. Data keeps the text as it came; this is for who reads it.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 2000
"""Characters shown of a text, unless somebody says otherwise."""

PLAIN_NAME: Final = (
    "write up to 255 letters, digits, '.', '_' or '-', the first a letter or a digit"
)
"""What to do about a name that is not plain."""

EXCERPT: Final = 60
"""Characters of a value that an error quotes."""

_LATIN: Final = 0xFF
_BASIC: Final = 0xFFFF
_LARGEST: Final = 2**63 - 1
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


def printable(text: str, longest: int = LONGEST) -> str:
    """Return the text in at most `longest` printable characters.

    What is printable and short enough comes back as it is, so that doing it
    twice does no harm. A text that was cut ends with its true length.
    """
    # Cut first: three megabytes are not worth escaping.
    head = text[:longest]
    shown = head if head.isprintable() else "".join(map(_escaped, head))
    if len(head) == len(text) and len(shown) <= longest:
        return shown
    note = f"... ({len(text)} characters)"
    return (shown[: max(longest - len(note), 0)] + note)[:longest]


def excerpt(value: object, longest: int = EXCERPT) -> str:
    """Return how an error quotes a value: as Python writes it, printable and cut."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]!r}... ({len(value)} characters)"
    return repr(value) if isinstance(value, str) else printable(repr(value), longest)


def shown(value: object, longest: int = EXCERPT) -> str:
    """Return what anybody may have sent, fit for a line of a log: in ASCII, and cut.

    Nothing in it can pass for anything else, and only as much is put into words
    as is shown.
    """
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "a number that is too large"
    said = ascii(value[:longest] if isinstance(value, str | bytes) else value)
    return said if len(said) <= longest else f"{said[:longest]}..."


def is_plain_name(text: str) -> bool:
    """Can it be part of a queue's, a file's and a host's name wherever it goes?

    1 to 255 letters, digits, dots, dashes and underscores of ASCII, the first of
    them a letter or a digit.
    """
    return bool(_PLAIN.fullmatch(text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code <= _LATIN:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _BASIC else f"\\U{code:08x}"
