"""A map in a YAML file whose keys are known, and which says where it is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from understudy.cli.bad_input import BadInput
from understudy.objects.resource_validation import MAX_AMOUNT
from understudy.objects.validation import MAX_TEXT


class Form:
    """The map at one place of a file; every reader raises BadInput for what it is not."""

    def __init__(self, file: str, place: str, value: object, keys: Collection[str] = ()) -> None:
        """Take the map; with `keys`, no others may stand in it."""
        self.file = file
        self.place = place
        if not isinstance(value, dict):
            raise BadInput(file, place, f"{shown(value)} is not a map", "write key: value")
        self._values: dict[Any, Any] = value
        for key in value:
            if not isinstance(key, str):
                raise self.wrong(str(key), "the key is not text", "put it in quotes")
            if keys and key not in keys:
                raise self.wrong(key, "there is no such key", _nearest(key, keys))

    def __iter__(self) -> Iterator[str]:
        """Name the keys in the file's order."""
        return iter(self._values)

    def __contains__(self, key: str) -> bool:
        """Was it given a value?"""
        return self._values.get(key) is not None

    def raw(self, key: str) -> object:
        """Return what stands there, whatever it is."""
        return self._values.get(key)

    def text(self, key: str, longest: int = MAX_TEXT) -> str:
        """Return the text, which must be there."""
        value = self._values.get(key)
        if value is None:
            raise self.wrong(key, "it is missing", "write it down")
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.wrong(key, f"{shown(value)} is not a name", "write text, in quotes")
        if len(value) > longest:
            raise self.wrong(key, "it is too long", f"write at most {longest} characters")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return the text, or None where there is none."""
        return self.text(key) if key in self else None

    def amount(self, key: str, least: int = 1) -> int:
        """Return the whole number, which must be there."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(
                key, f"{shown(value)} is not a whole number", "write one, without quotes"
            )
        if not least <= value <= MAX_AMOUNT:
            raise self.wrong(
                key,
                f"{value} is out of bounds",
                f"write {least} to {MAX_AMOUNT}",
            )
        return value

    def number(self, key: str) -> float:
        """Return the number above 0, which must be there."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:  # noqa: PLR2004
            raise self.wrong(key, f"{shown(value)} is not a number above 0", "write one")
        return float(value)

    def items(self, key: str) -> list[tuple[str, object]]:
        """Return the list's items, each with its place; [] where there is none."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"{shown(value)} is not a list", "write '- item' lines")
        return [(f"{self.at(key)}[{index}]", item) for index, item in enumerate(value)]

    def form(self, key: str, keys: Collection[str] = ()) -> Form:
        """Return the map below this key."""
        return Form(self.file, self.at(key), self._values.get(key), keys)

    def at(self, key: str) -> str:
        """Return the place of a key."""
        return f"{self.place}.{key}" if self.place else key

    def wrong(self, key: str, problem: str, remedy: str) -> BadInput:
        """Return the error that blames this key."""
        return BadInput(self.file, self.at(key), problem, remedy)


def shown(value: object) -> str:
    """Return the value as an error can quote it, in a few words."""
    if value is None:
        return "nothing"
    if isinstance(value, (list, dict)):
        return f"a {'list' if isinstance(value, list) else 'map'}"
    return repr(value)[:60]


def _nearest(key: str, keys: Collection[str]) -> str:
    near = difflib.get_close_matches(key, keys, n=1)
    return f"did you mean {near[0]}?" if near else f"the keys are {', '.join(keys)}"
