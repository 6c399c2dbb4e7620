"""Versioned objects as JSON text, so that rows of an older version can be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeVar

from understudy.objects.base import UnderstudyObject

_O = TypeVar("_O", bound=UnderstudyObject)


def dump(value: UnderstudyObject) -> str:
    """Return one object as text."""
    return json.dumps(value.obj_to_wire(), separators=(",", ":"))


def dump_optional(value: UnderstudyObject | None) -> str | None:
    """Return one object as text, or nothing as nothing."""
    return None if value is None else dump(value)


def dump_all(values: Iterable[UnderstudyObject]) -> str:
    """Return a list of objects as one text."""
    return json.dumps([value.obj_to_wire() for value in values], separators=(",", ":"))


def load(kind: type[_O], text: str) -> _O:
    """Return the object of this kind that the text holds."""
    value: _O = kind.obj_from_primitive(json.loads(text))
    return value


def load_optional(kind: type[_O], text: str | None) -> _O | None:
    """Return the object, or nothing for nothing."""
    return None if text is None else load(kind, text)


def load_all(kind: type[_O], text: str) -> tuple[_O, ...]:
    """Return the objects of a list."""
    return tuple(kind.obj_from_primitive(primitive) for primitive in json.loads(text))
