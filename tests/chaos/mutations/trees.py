"""Production code with one safeguard undone: a copy of the tree, and a patch applied to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
PATCHES: Final = Path(__file__).resolve().parent
NAMESPACE: Final = ROOT / ".typing" / "understudy"
"""A link to each folder of production's code."""


class PatchDoesNotApply(Exception):
    """The code that it undoes has changed: look at the safeguard, and make the patch anew."""


def names() -> list[str]:
    """Return the names of the safeguards that there is a patch for."""
    return sorted(file.stem for file in PATCHES.glob("*.patch"))


@contextlib.contextmanager
def tree(undone: str | None) -> Iterator[Path]:
    """Copy production's code, undo one safeguard in it, and return where it is.

    Raises PatchDoesNotApply.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-mutation-") as folder:
        package = Path(folder) / "understudy"
        shutil.copytree(NAMESPACE, package, ignore=shutil.ignore_patterns("__pycache__"))
        if undone is not None:
            apply(PATCHES / f"{undone}.patch", Path(folder))
        yield Path(folder)


def environment(folder: Path) -> Mapping[str, str]:
    """Return an environment in which Python finds that code, and the same order of hashes."""
    paths = os.pathsep.join((str(folder), str(ROOT)))
    return {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}


def apply(patch: Path, folder: Path) -> None:
    """Change the code in `folder`. Raises PatchDoesNotApply."""
    package = folder / "understudy"
    # A repository around it would be looked for, in which the patch applies to nothing.
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = ["git", "apply", "--whitespace=nowarn", "--verbose", str(patch)]
    done = subprocess.run(
        command, cwd=package, env=alone, capture_output=True, text=True, check=False
    )
    if done.returncode or "Applied patch" not in done.stderr:
        raise PatchDoesNotApply(f"{patch.name}: {done.stderr.strip()}")
