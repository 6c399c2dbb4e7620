"""Which names of resource classes, traits, hosts and cells can be right at all."""

from __future__ import annotations

import functools
import re

import os_resource_classes
import os_traits

from understudy.objects import resource_validation, text

MAX_NAME = 150
"""Characters in the name of a host; Placement holds 200, its devices' names included."""
HOST = f"write up to {MAX_NAME} letters, digits, '.', '_' or '-', the first a letter or a digit"
"""What to do about a name that no host can have."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_API = "api"
"""What the bus above all cells is called."""


def is_resource_class(name: str) -> bool:
    """Is it a standard resource class, or a custom one?"""
    return name in os_resource_classes.STANDARDS or _is_custom(name)


def is_trait(name: str) -> bool:
    """Is it a standard trait, or a custom one?"""
    return _is_custom(name) or name in _standard_traits()


def is_plain(name: str) -> bool:
    """Can it be part of a queue's and a file's name, as those of cells and agents are?"""
    return bool(_PLAIN.fullmatch(name)) and name != _API


def is_host(name: str) -> bool:
    """Can a host be called so, and its devices after it?"""
    return text.is_plain_name(name) and len(name) <= MAX_NAME


def _is_custom(name: str) -> bool:
    return name.startswith("CUSTOM_") and resource_validation.is_name(name)


@functools.cache
def _standard_traits() -> frozenset[str]:
    return frozenset(os_traits.get_traits())
