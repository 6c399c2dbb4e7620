"""Read a file of text; what keeps it from being read is the user's to mend."""

from __future__ import annotations

from pathlib import Path

from understudy.cli.bad_input import BadInput

LARGEST = 64 * 2**20
"""Bytes of a file; more is no list that somebody wants read."""
TABLES = (".csv",)
FORMS = (".yaml", ".yml", ".json")


def read_text(path: Path, largest: int = LARGEST) -> str:
    """Return what is in the file, or raise BadInput."""
    try:
        with path.open("rb") as file:
            read = file.read(largest + 1)
        if len(read) > largest:
            raise BadInput(
                str(path), "", f"it has more than {largest} bytes", "write less, or several files"
            )
        # Spreadsheets put a byte order mark before the first column's name.
        return read.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise BadInput(str(path), "", "there is no such file", "check the name") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(str(path), "", f"cannot read it: {reason}", "give a file") from None
    except UnicodeDecodeError as error:
        raise BadInput(
            str(path), "", f"byte {error.start} is not UTF-8", "save it as UTF-8 text"
        ) from None


def is_form(path: Path) -> bool:
    """Is it our YAML form, rather than a CSV table? Its name says so."""
    suffix = path.suffix.lower()
    if suffix in FORMS:
        return True
    if suffix in TABLES:
        return False
    raise BadInput(
        str(path),
        "",
        "its name does not say what it holds",
        f"name it {', '.join(TABLES)} or {', '.join(FORMS)}",
    )
