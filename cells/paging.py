"""Listings in pages that go on after the last row seen, in one database or across many.

A place in a listing is the tuple of a row's sort values with its uuid last, so
that the row itself may be in another cell, or gone. Nothing (no host yet) sorts
before every name.
"""

from __future__ import annotations

import functools
import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from understudy.objects.errors import InvalidRequest
from understudy.objects.instance import Instance

Place = tuple[Any, ...]
Columns = Mapping[str, sa.ColumnElement[Any]]

SORT_KEYS: Final = ("created_at", "updated_at", "name", "state", "uuid", "service_host")
FILTERS: Final = ("state", "host", "request_id", "project_id", "name")


def order(sort_keys: Sequence[str], sort_dirs: Sequence[str]) -> list[tuple[str, bool]]:
    """Return (key, descending?) for each key, the uuid last; InvalidRequest for unknown ones.

    Keys without a direction ascend; without keys the oldest comes first.
    """
    keys = list(dict.fromkeys(sort_keys or ("created_at",)))
    for key in keys:
        if key not in SORT_KEYS:
            raise InvalidRequest("sort_keys", f"{key!r} cannot be sorted by", _one_of(SORT_KEYS))
    for direction in sort_dirs:
        if direction not in {"asc", "desc"}:
            raise InvalidRequest("sort_dirs", f"{direction!r} is no direction", "use asc or desc")
    directions = [*sort_dirs, *(["asc"] * len(keys))]
    ordered = [(key, way == "desc") for key, way in zip(keys, directions, strict=False)]
    return ordered if "uuid" in keys else [*ordered, ("uuid", False)]


def place(instance: Instance, sort_keys: Sequence[str]) -> Place:
    """Return where this instance stands in a listing sorted by these keys: its `after`."""
    return tuple(_value(instance, key) for key, _ in order(sort_keys, ()))


def merge(
    pages: Iterable[Sequence[Instance]],
    sort_keys: Sequence[str] = (),
    sort_dirs: Sequence[str] = (),
    limit: int | None = None,
) -> list[Instance]:
    """Return the first `limit` of the instances of many pages, each sorted this way."""
    ordered = order(sort_keys, sort_dirs)

    def compare(left: Instance, right: Instance) -> int:
        for key, descending in ordered:
            one, other = _value(left, key), _value(right, key)
            if one != other:
                return -1 if (one < other) != descending else 1
        return 0

    merged = list(heapq.merge(*pages, key=functools.cmp_to_key(compare)))
    return merged if limit is None else merged[:limit]


def page(
    query: sa.Select[Any],
    columns: Columns,
    filters: Mapping[str, str],
    ordered: Sequence[tuple[str, bool]],
    limit: int | None,
    after: Place | None,
) -> sa.Select[Any]:
    """Narrow the query to what `filters` let through, and to the page after `after`."""
    for name, value in filters.items():
        if name not in FILTERS:
            raise InvalidRequest("filters", f"{name!r} cannot be filtered by", _one_of(FILTERS))
        query = query.where(columns[name] == value)
    if after is not None:
        if len(after) != len(ordered):
            raise InvalidRequest(
                "marker", f"{len(after)} values for {len(ordered)} sort keys", "give one for each"
            )
        query = query.where(_beyond(columns, ordered, after))
    for key, descending in ordered:
        query = query.order_by(columns[key].desc() if descending else columns[key].asc())
    return query if limit is None else query.limit(limit)


def _beyond(
    columns: Columns, ordered: Sequence[tuple[str, bool]], after: Place
) -> sa.ColumnElement[bool]:
    alternatives: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for (key, descending), value in zip(ordered, after, strict=True):
        bound = "" if value is None else value
        column = columns[key]
        alternatives.append(sa.and_(*equal, column < bound if descending else column > bound))
        equal.append(column == bound)
    return sa.or_(*alternatives)


def _value(instance: Instance, key: str) -> Any:
    value = getattr(instance, key)
    return "" if value is None else value


def _one_of(names: Sequence[str]) -> str:
    return "use one of " + ", ".join(names)
