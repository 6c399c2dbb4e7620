"""Is what a client names of the form that anything has here?

Pure. What is not a uuid names nothing, so it is not found; what no listing can
be made of is a BadQuery that names the place. Databases are asked neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from understudy.cells import paging
from understudy.objects import resource_validation, validation
from understudy.rpcapi import errors as wire

SHOWN: Final = 40
"""Characters of what is not a name that an answer repeats."""


def instance(said: object) -> str:
    """Return an instance's uuid; raises InstanceNotFound."""
    if isinstance(said, str) and resource_validation.is_uuid(said):
        return said
    raise wire.InstanceNotFound(_excerpt(said))


def request(said: object) -> str:
    """Return a request's id; raises RequestNotFound."""
    if isinstance(said, str) and resource_validation.is_uuid(said):
        return said
    raise wire.RequestNotFound(_excerpt(said))


def check_listing(filters: object, sort_keys: object, sort_dirs: object, limit: object) -> None:
    """Raise BadQuery for the first argument that is of no use."""
    if not isinstance(filters, Mapping) or not all(map(_is_text, filters.values())):
        raise wire.BadQuery("filters", "they are no texts by name", "send {name: text}")
    for field, said in (("sort_keys", sort_keys), ("sort_dirs", sort_dirs)):
        if not isinstance(said, Sequence) or isinstance(said, str):
            raise wire.BadQuery(field, "it is no list", "send a list of texts")
        if len(said) > len(paging.SORT_KEYS) or not all(map(_is_text, said)):
            raise wire.BadQuery(
                field, "it is no list of keys", f"send at most {len(paging.SORT_KEYS)} texts"
            )
    if type(limit) is not int:
        raise wire.BadQuery("limit", "it is no whole number", "send one from 1 on")


def _is_text(said: object) -> bool:
    return isinstance(said, str) and len(said) <= validation.MAX_TEXT and said.isprintable()


def _excerpt(said: object) -> str:
    return ascii(said)[:SHOWN]
