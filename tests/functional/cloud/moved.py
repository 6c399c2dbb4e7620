"""Every case of a whole cloud, to be put on a ground."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import tests.functional.cloud
from tests.functional.cloud.case import CloudTestCase
from tests.functional.cloud.subject import OnGround


def moved(where: type[OnGround], into: str) -> dict[str, Any]:
    """Return each class of cases as one of the module `into` that runs on the ground `where`."""
    names = {f"{case.__name__}Test": case for case in _cases()}
    return {name: type(name, (where, case), {"__module__": into}) for name, case in names.items()}


def _cases() -> Iterator[type[CloudTestCase]]:
    for found in pkgutil.iter_modules(tests.functional.cloud.__path__):
        if not found.name.startswith("test_"):
            module = importlib.import_module(f"tests.functional.cloud.{found.name}")
            for case in vars(module).values():
                is_case = isinstance(case, type) and issubclass(case, CloudTestCase)
                if is_case and case.__module__ == module.__name__ and _has_tests(case):
                    yield case


def _has_tests(case: type[CloudTestCase]) -> bool:
    """Is it more than what others are built on?"""
    return any(name.startswith("test_") for name in dir(case))
