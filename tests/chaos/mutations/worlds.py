"""Run worlds on whatever production code this process was given, and say what went wrong.

    python -m tests.chaos.mutations.worlds TREE FIRST LAST [KIND...]

Ends with the first seed that has a violation of one of the kinds, or of any
where none is named. Its last line is JSON.
"""

# ruff: noqa: T201 - it speaks to a person

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    """Run the worlds."""
    from understudy.rpcapi.threads import use_threads

    use_threads()
    tree, first, last, *kinds = arguments
    check(Path(tree))
    print(json.dumps(search(range(int(first), int(last) + 1), kinds)))
    return 0


def check(tree: Path) -> None:
    """Raise RuntimeError unless this process runs the code in `tree`."""
    from understudy import cells, conductor

    for package in (cells, conductor):
        if not Path(str(package.__file__)).is_relative_to(tree):
            raise RuntimeError(f"{package.__file__} is not in {tree}")


def search(seeds: Iterable[int], kinds: Collection[str]) -> dict[str, Any]:
    """Return how many worlds were run, and what the first that went wrong violated."""
    from tests.chaos import plan
    from tests.chaos.ground import ground
    from tests.chaos.world import World

    count = 0
    for seed in seeds:
        count += 1
        outcome = World(ground(), plan.draw(seed)).run()
        found = [(one.kind, one.words) for one in outcome.violations]
        if any(not kinds or kind in kinds for kind, _ in found):
            return {"worlds": count, "seed": seed, "violations": found}
    return {"worlds": count, "seed": None, "violations": []}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
