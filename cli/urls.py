"""URLs that hold passwords, from where nobody else on the machine reads them.

Anybody may see the command line of any process. A file of one's own, standard
input and the environment are for its user alone.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from understudy.cli.bad_input import BadInput

STDIN: Final = "-"


def add_options(parser: argparse.ArgumentParser, name: str, what: str, variable: str = "") -> None:
    """Add --NAME URL and --NAME-file FILE; `what` and `variable` are for the help."""
    parser.add_argument(f"--{name}", metavar="URL", help=what)
    also = f"; {variable} may hold it too" if variable else ""
    parser.add_argument(
        f"--{name}-file",
        metavar="FILE",
        help="read that URL from the first line of FILE, or of standard input for -, where "
        f"nobody else sees its password{also}",
    )


class Reader:
    """Reads what the options of one command line lead to."""

    def __init__(
        self,
        stderr: TextIO | None = None,
        stdin: TextIO | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Warn on `stderr`; left out, each is the process's own."""
        self._stderr = stderr or sys.stderr
        self._stdin = stdin or sys.stdin
        self._environment = os.environ if environment is None else environment

    def read(self, options: argparse.Namespace, name: str, variable: str = "") -> str | None:
        """Return the URL that the options lead to, then the variable; None where none does.

        Raises BadInput where it is given twice, or its file holds none.
        """
        attribute = name.replace("-", "_")
        url: str | None = getattr(options, attribute)
        file: str | None = getattr(options, f"{attribute}_file")
        if url and file:
            raise BadInput(f"--{name}", "", f"it stands beside --{name}-file", "leave one out")
        if file:
            return self._first_line(file)
        if url:
            self._warn_of(url, name)
            return url
        return self._environment.get(variable) or None

    def _first_line(self, file: str) -> str:
        try:
            if file == STDIN:
                return _url(self._stdin.readline(), "standard input")
            with Path(file).open(encoding="utf-8") as opened:
                self._warn_of_mode(file, os.fstat(opened.fileno()))
                return _url(opened.readline(), file)
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise BadInput(file, "", f"it cannot be read: {why}", "name another file") from None

    def _warn_of(self, url: str, name: str) -> None:
        from understudy.conductor.masking import mask

        if mask(url) != url:
            self._warn(
                "others on this machine can read a password on the command line; "
                f"write the URL into a file and name it with --{name}-file"
            )

    def _warn_of_mode(self, file: str, found: os.stat_result) -> None:
        if stat.S_ISREG(found.st_mode) and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            self._warn(f"others may read {file}; run chmod 600 {file}")

    def _warn(self, text: str) -> None:
        print(f"understudy: warning: {text}", file=self._stderr)


def _url(line: str, place: str) -> str:
    if not line.strip():
        raise BadInput(place, "", "its first line is empty", "write the URL there")
    return line.strip()
