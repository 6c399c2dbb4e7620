"""The seeds that show what each safeguard is for: sought, written down, replayed."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.mutations import trees

SEEDS: Final = trees.PATCHES / "seeds.json"

Violation = tuple[str, str]
"""(kind, words)"""


@dataclass(frozen=True, slots=True)
class Found:
    """A world that goes wrong without the safeguard, and not with it."""

    seed: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process found that ran worlds: the first one that went wrong, if any."""

    seed: int | None
    violations: list[Violation]


def seek(name: str, seeds: int) -> Found | None:
    """Return the first of so many seeds that notices that the safeguard is undone."""
    with trees.tree(name) as undone, trees.tree(None) as whole:
        first = 1
        while first <= seeds:
            answer = run(undone, first, seeds)
            if answer.seed is None:
                return None
            if run(whole, answer.seed, answer.seed).seed is None:
                kind, words = answer.violations[0]
                return Found(answer.seed, kind, words)
            # That world goes wrong by itself, and tells nothing of the safeguard.
            first = answer.seed + 1
    return None


def run(tree: Path, first: int, last: int) -> Answer:
    """Run these worlds on the code in `tree`, in a process of their own."""
    command = [sys.executable, "-m", "tests.chaos.mutations.worlds"]
    done = subprocess.run(
        [*command, str(tree), str(first), str(last)],
        cwd=trees.ROOT,
        env=trees.environment(tree),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the worlds broke off: {done.stderr[-4000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Answer(said["seed"], [(kind, words) for kind, words in said["violations"]])


def recorded() -> dict[str, Found | None]:
    """Return what was found last, by the safeguard's name."""
    if not SEEDS.exists():
        return {}
    said = json.loads(SEEDS.read_text())
    return {name: None if one is None else Found(**one) for name, one in said.items()}


def record(found: dict[str, Found | None]) -> None:
    """Write down what was found."""
    said = {name: one and dataclasses.asdict(one) for name, one in sorted(found.items())}
    SEEDS.write_text(json.dumps(said, indent=2) + "\n")
