"""Draw the states and their legal moves for the contributors' page.

`python -m tools.states_page` writes what doc/source/contributor/states.rst
includes; a test fails where that differs from the code. What a state means is
read from the string below it in the source, so that it is said once.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from understudy.cells import mapping_states
from understudy.objects import states

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "doc/source/contributor/states"
COMMAND = "python -m tools.states_page"


def pages() -> dict[str, str]:
    """Return what each included file must say, by its name."""
    meanings = meanings_in(states)
    mapping_meanings = meanings_in(mapping_states)
    attempt_meanings = meanings_in(states, "AttemptState")
    return {
        "instance.inc": _page(states.ALL, states.MOVES, meanings),
        "mapping.inc": _page(mapping_states.ALL, mapping_states.MOVES, mapping_meanings),
        "attempt.inc": _head(2) + _list(states.AttemptState.ALL, attempt_meanings),
    }


def meanings_in(module: ModuleType, within: str | None = None) -> dict[str, str]:
    """Return the text below each assignment of the module, or of a class in it."""
    body: Sequence[ast.stmt] = ast.parse(inspect.getsource(module)).body
    if within is not None:
        [body] = [
            node.body for node in body if isinstance(node, ast.ClassDef) and node.name == within
        ]
    return dict(_texts(body))


def _texts(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, following in itertools.pairwise(body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


def _head(columns: int) -> str:
    titles = ("State", "Meaning", "May become")[:columns]
    return "\n".join(
        (
            f".. Written by {COMMAND}; do not edit.",
            "",
            ".. list-table::",
            "   :header-rows: 1",
            "",
            *(f"   {'*' if n == 0 else ' '} - {title}" for n, title in enumerate(titles)),
            "",
        )
    )


def _list(names: Sequence[str], meanings: Mapping[str, str]) -> str:
    return "".join(f"   * - {name}\n     - {meanings[name]}\n" for name in names)


def _page(
    names: Sequence[str], moves: Mapping[str, frozenset[str]], meanings: Mapping[str, str]
) -> str:
    rows = "".join(
        f"   * - {name}\n     - {meanings[name]}\n     - {_targets(names, moves[name])}\n"
        for name in names
    )
    drawing = "\n".join(f"    {line}".rstrip() for line in draw(names, moves))
    return f"{_head(3)}{rows}\n::\n\n{drawing}\n"


def _targets(names: Sequence[str], targets: frozenset[str]) -> str:
    return ", ".join(name for name in names if name in targets) or "nothing: it stays so"


def draw(names: Sequence[str], moves: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield the lines of a drawing: each state, and an arrow to each that it may become."""
    width = max(map(len, names))
    for name in names:
        targets = [each for each in names if each in moves[name]]
        if not targets:
            yield f"{name:{width}} --|"
        for number, target in enumerate(targets):
            start = f"{name:{width}} --" if number == 0 else f"{'':{width}}   "
            yield f"{start}+--> {target}"
        yield ""


def main() -> int:
    """Write all files anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
