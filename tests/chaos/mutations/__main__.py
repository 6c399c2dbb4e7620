"""Undo each safeguard in turn, and look for a world that notices.

    python -m tests.chaos.mutations [--seeds 2000] [SAFEGUARD...]

What is found is written to seeds.json, which the tests replay. The last line is
JSON.
"""

# ruff: noqa: T201 - it speaks to a person

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from tests.chaos.mutations import seeking, trees
from tests.chaos.mutations.seeking import Found


def main(arguments: Sequence[str]) -> int:
    """Search; 1 where a safeguard can be undone and nobody notices."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutations")
    parser.add_argument("--seeds", type=int, default=2000, help="worlds for each safeguard")
    parser.add_argument("safeguards", nargs="*", metavar="SAFEGUARD")
    asked = parser.parse_args(arguments)
    known = trees.names()
    if unknown := set(asked.safeguards) - set(known):
        parser.error(f"there is no patch for {', '.join(sorted(unknown))}")
    began = time.monotonic()
    recorded = seeking.recorded()
    found: dict[str, Found | None] = {}
    for name in asked.safeguards or known:
        found[name] = recorded[name] = seeking.seek(name, asked.seeds)
        print(_line(name, found[name]), flush=True)
        seeking.record(recorded)
    print(json.dumps(_summary(found, asked.seeds, time.monotonic() - began)))
    return 0 if all(found.values()) else 1


def _line(name: str, found: Found | None) -> str:
    if found is None:
        return f"{name:<22} nobody notices"
    return f"{name:<22} seed {found.seed:>5}  {found.kind:<8} {found.words}"


def _summary(found: dict[str, Found | None], seeds: int, seconds: float) -> dict[str, object]:
    return {
        "mutations": len(found),
        "found": sum(one is not None for one in found.values()),
        "missed": [name for name, one in found.items() if one is None],
        "seeds": seeds,
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
