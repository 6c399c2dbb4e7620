"""Which files there are, and what each must say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.rpc_schemas import captures, documents, pages

ROOT: Final = Path(__file__).resolve().parents[2]
USER: Final = ROOT / "doc/source/user"
SCHEMAS: Final = USER / "schemas"
WIRE: Final = USER / "wire"
PAGES: Final = USER / "rpc"
COMMAND: Final = "python -m tools.rpc_schemas"


def everything() -> dict[Path, dict[str, str]]:
    """Return the text of every file, by folder and name."""
    return {
        SCHEMAS: documents.schemas(),
        WIRE: captures.messages(),
        PAGES: pages.pages(),
    }
