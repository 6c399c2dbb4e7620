"""The seams: every call at which a simulated process may die, before it or after it."""

from __future__ import annotations

from typing import Final

ALL: Final = ("api-db accept",)
