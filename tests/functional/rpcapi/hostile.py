"""Calls as anybody may send them: nearly right, and wrong in one place or another."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import oslo_messaging as messaging
from hypothesis import strategies as st

from tests.unit.objects import samples
from tools.rpc_schemas.facts import Interface
from understudy.objects.base import UnderstudyObject

_VALUES: Mapping[Any, Any] = {str: "one", int: 1, bool: True, type(None): None}
Path = tuple[Any, ...]


def nested(levels: int) -> Any:
    """Return so many lists within each other."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


TEXTS = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from(
        ["", "\0", "\ud800", "a\nb", "\x1b[2J", "../../etc", "x" * 100_000, samples.uuid(1), "1.0"]
    ),
)
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**63, -(2**70), 10**400]),
    st.floats(),
)
JUNK = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.sampled_from([50, 150]).map(nested),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
BODIES = st.one_of(
    JUNK.map(json.dumps),
    st.binary(max_size=50),
    st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([990, 10_000, 50_000]).map(lambda levels: "[" * levels + "]" * levels),
    st.sampled_from([990, 10_000, 50_000]).map(lambda levels: '{"a":' * levels),
    st.builds(
        lambda version, message: json.dumps({"oslo.version": version, "oslo.message": message}),
        JUNK | st.just("2.0"),
        JUNK | JUNK.map(json.dumps) | st.just("[" * 10_000 + "]" * 10_000),
    ),
)
"""What is no message."""
TOP = (
    "method",
    "version",
    "namespace",
    "args",
    "_timeout",
    "_context_self",
    "_context_conf",
    "_context_project_id",
    "_context_user_id",
    "_context_request_id",
    "_context_agent_uuid",
    "_context_origin",
    "_context_host_uuid",
    "_context_sender",
    "_context_patience_ends",
    "_context_instance_uuid",
    "_context_traceparent",
)
"""What is read of a message, its address apart."""


def exposed(interface: Interface) -> dict[str, Any]:
    """Return the functions that can be called, by name."""
    return {name: getattr(interface.endpoint, name) for name in interface.methods}


def stand_in(interface: Interface, called: Callable[[str], object]) -> object:
    """Return an endpoint with these methods, which do nothing but tell that they were called."""

    def method(name: str, real: Any) -> Any:
        def taken(self: Any, ctxt: Any, **arguments: Any) -> None:
            called(name)

        # The annotations are what a server holds arguments to.
        taken.__wrapped__ = real  # type: ignore[attr-defined]
        taken.__annotations__ = real.__annotations__
        return messaging.expose(taken)

    methods = {name: method(name, real) for name, real in exposed(interface).items()}
    target = messaging.Target(version=interface.version)
    return type("StandIn", (), {"target": target, **methods})()


def right(interface: Interface, name: str) -> dict[str, Any]:
    """Return a call that is right in all."""
    function = exposed(interface)[name]
    hints = typing.get_type_hints(function)
    arguments = [each for each in inspect.signature(function).parameters if each in hints]
    return {
        "method": name,
        "version": interface.version,
        "args": {each: _value(hints[each], each) for each in arguments if each != "ctxt"},
        "_context_project_id": "a-project",
        "_context_user_id": "a-user",
        "_context_request_id": "req-1",
    }


def wrong(interface: Interface) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a call that is right but for one place or two; it may be right all the same."""
    names = st.sampled_from(sorted(interface.methods))
    return st.builds(_spoilt, names.map(lambda name: right(interface, name)), _SPOILS)


_SPOILS = st.lists(
    st.tuples(st.sampled_from(["put", "take", "add", "top"]), st.integers(0, 999), TEXTS, JUNK),
    min_size=1,
    max_size=2,
)


def _spoilt(message: dict[str, Any], spoils: list[tuple[str, int, str, Any]]) -> dict[str, Any]:
    for how, which, key, junk in spoils:
        if how == "top":
            message[TOP[which % len(TOP)]] = junk
            continue
        paths = list(_paths(message))
        *way, last = paths[which % len(paths)]
        place: Any = message
        for step in way:
            place = place[step]
        if how == "take":
            del place[last]
        elif how == "put":
            place[last] = junk
        elif isinstance(place, dict) and place is not message:
            place[key] = junk
    return message


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the way to everything within, as far as it was right."""
    if path:
        yield path
    inside: Any = {}
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list) and len(path) < 8:
        inside = enumerate(value)
    for step, each in inside:
        yield from _paths(each, (*path, step))


def _value(hint: Any, name: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, UnderstudyObject):
        return json.loads(json.dumps(samples.everything()[hint.obj_name()].obj_to_wire()))
    if hint in _VALUES:
        return samples.uuid(1) if "uuid" in name or name == "request_id" else _VALUES[hint]
    if hint == Sequence[Sequence[object]]:
        return [[samples.uuid(1), 1]]
    if origin in (list, Sequence):
        return [_value(inner[0], name)]
    if origin in (dict, Mapping):
        return {"one": _value(inner[1], name)}
    return _value(inner[0], name)
