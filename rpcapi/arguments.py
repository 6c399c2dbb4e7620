"""Hold the arguments of a call to what the endpoint's method says that it takes.

The annotations are the interface: a text where a number belongs, or a list
where an object does, reaches no endpoint.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from understudy.objects.base import UnderstudyObject
from understudy.rpcapi.call import Unreadable, brief


def check(method: Callable[..., Any], context: object, arguments: Mapping[str, Any]) -> None:
    """Raise Unreadable unless the method can be called with the context and these."""
    function = getattr(method, "__func__", method)
    signature, hints = _interface(function)
    bound = (None, context) if function is not method else (context,)
    try:
        signature.bind(*bound, **arguments)
    except TypeError as error:
        raise Unreadable(brief_reason(error)) from None
    for name, value in arguments.items():
        if name in hints and not fits(value, hints[name]):
            kind = getattr(hints[name], "__name__", str(hints[name]))
            raise Unreadable(f"argument {name} is not {kind}, but {brief(value)}")
        for lacking in lacking_in(value):
            raise Unreadable(f"argument {name} does not say {lacking}")


def brief_reason(error: TypeError) -> str:
    """Return what is missing or too much, as inspect says it."""
    return f"arguments do not fit: {str(error)[:120]}"


@functools.lru_cache(maxsize=256)
def _interface(function: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    """Return what the function takes; where it takes any arguments, those have no hint."""
    signature = inspect.signature(function)
    named = {
        name
        for name, parameter in signature.parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }
    hints = typing.get_type_hints(function)
    return signature, {name: hint for name, hint in hints.items() if name in named}


def lacking_in(value: Any) -> Iterator[str]:
    """Yield the fields that objects must have and have not, however deep they are."""
    match value:
        case UnderstudyObject():
            for field in value.fields:
                if value.obj_attr_is_set(field):
                    yield from lacking_in(getattr(value, field))
                else:
                    yield f"{value.obj_name()}.{field}"
        case list():
            for each in value:
                yield from lacking_in(each)
        case dict():
            for each in value.values():
                yield from lacking_in(each)


def fits(value: Any, hint: Any) -> bool:
    """Is the value, as it came off the wire, of this type?"""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is object:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, each) for each in inner)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(
            fits(key, inner[0]) and fits(each, inner[1]) for key, each in value.items()
        )
    if origin is not None and issubclass(origin, Sequence):
        return isinstance(value, list) and all(fits(each, inner[0]) for each in value)
    if hint in (int, float):
        # True is an int for Python alone.
        return isinstance(value, (int, float) if hint is float else int) and not isinstance(
            value, bool
        )
    return isinstance(value, hint)
