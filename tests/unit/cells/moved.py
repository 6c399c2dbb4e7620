"""Every test of the stores, to be run on other databases than those it was written on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import tests.unit.cells
from tests.unit.cells import base


class Elsewhere(base.StoreTest):
    """What is put before a class of the stores' tests: it makes the databases."""

    left_out: tuple[str, ...] = ()
    """The classes that say nothing about these databases."""


def moved(where: type[Elsewhere], into: str) -> dict[str, Any]:
    """Return each class of the stores' tests as one of the module `into` that runs `where`.

    Those that imitate a server without RETURNING are left out: MariaDB is one.
    """
    made = (
        type(f"{prefix}{test.__name__}", (where, test), {"__module__": into})
        for prefix, test in _tests()
        if test.returning and test.__name__ not in where.left_out
    )
    return {test.__name__: test for test in made}


def _tests() -> Iterator[tuple[str, type[base.StoreTest]]]:
    """Yield them with their module's name, for two modules may have a class of one name."""
    for found in pkgutil.iter_modules(tests.unit.cells.__path__):
        if found.name.startswith("test_"):
            module = importlib.import_module(f"tests.unit.cells.{found.name}")
            for test in vars(module).values():
                is_test = isinstance(test, type) and issubclass(test, base.StoreTest)
                if is_test and test.__module__ == module.__name__:
                    yield found.name.removeprefix("test_").title().replace("_", ""), test
