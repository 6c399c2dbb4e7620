"""Run worlds on whatever production code this process was given, and say what went wrong.

    python -m tests.chaos.mutations.worlds TREE FIRST LAST

Ends with the first seed that has a violation. Its last line is JSON.
"""

# ruff: noqa: T201 - it speaks to a person

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    """Run the worlds."""
    from understudy.rpcapi.threads import use_threads

    use_threads()
    tree, first, last = arguments
    check(Path(tree))
    print(json.dumps(search(range(int(first), int(last) + 1))))
    return 0


def check(tree: Path) -> None:
    """Raise RuntimeError unless this process runs the code in `tree`."""
    from understudy import cells, conductor

    for package in (cells, conductor):
        if not Path(str(package.__file__)).is_relative_to(tree):
            raise RuntimeError(f"{package.__file__} is not in {tree}")


def search(seeds: Iterable[int]) -> dict[str, Any]:
    """Return the first seed whose world went wrong, and what it violated."""
    from tests.chaos import plan
    from tests.chaos.ground import ground
    from tests.chaos.world import World

    for seed in seeds:
        outcome = World(ground(), plan.draw(seed)).run()
        if outcome.violations:
            found = [(one.kind, one.words) for one in outcome.violations]
            return {"seed": seed, "violations": found}
    return {"seed": None, "violations": []}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
