"""What a message must be for a server to act on it: one call, by somebody, with arguments.

Whoever can publish to a bus can send anything. Nothing here acts on what it
reads; what makes no sense is Unreadable, and the server answers it as BadRequest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oslo_versionedobjects import exception as object_errors
from oslo_versionedobjects import fields

from understudy.objects import text
from understudy.objects.base import Registry, UnderstudyObject
from understudy.objects.resource_validation import is_uuid
from understudy.rpcapi import errors

LONGEST_NAME: Final = 255
"""Characters of an id, of a name and of an address; what is longer is none."""
DEEPEST: Final = 100
"""Lists and maps within each other in one argument."""
LARGEST: Final = 2**63 - 1
BRIEF: Final = 100
"""Characters of it that are shown of what makes no sense."""

_KIND: Final = f"{UnderstudyObject.OBJ_SERIAL_NAMESPACE}.name"
_DATA: Final = f"{UnderstudyObject.OBJ_SERIAL_NAMESPACE}.data"
_VERSION: Final = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")


class Unreadable(Exception):
    """A message makes no sense; says in one line what of it."""


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where the answer to a call goes."""

    msg_id: str
    reply_queue: str


def reply_address(message: Mapping[str, Any]) -> ReplyAddress | None:
    """Return who waits for an answer; None where nobody does, or where cannot be read."""
    msg_id, reply_queue = message.get("_msg_id"), message.get("_reply_q")
    if is_name(msg_id) and is_name(reply_queue):
        return ReplyAddress(str(msg_id), str(reply_queue))
    return None


def check(message: Mapping[str, Any]) -> None:
    """Raise Unreadable unless the message says what to call, and with what."""
    method, arguments = message.get("method"), message.get("args", {})
    if not is_name(method) or not str(method).isidentifier():
        raise Unreadable(f"{brief(method)} is no method")
    if message.get("namespace") is not None:
        raise Unreadable(f"there is no namespace {brief(message['namespace'])}")
    version = message.get("version", "1.0")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise Unreadable(f"{brief(version)} is no version of an interface")
    if not isinstance(arguments, dict):
        raise Unreadable(f"the arguments are no map, but {brief(arguments)}")
    for name, argument in arguments.items():
        _check_value(name, argument)


def name_in(facts: Mapping[str, Any], key: str) -> str | None:
    """Return an id that a context may say; raises Unreadable if it is none."""
    name = facts.get(key)
    # Who has none may leave it empty, too.
    if name not in (None, "") and not is_name(name):
        raise Unreadable(f"{key} of the context is no id, but {brief(name)}")
    return name


def is_name(thing: object) -> bool:
    """Is it a text of one line that may name something?"""
    return isinstance(thing, str) and 0 < len(thing) <= LONGEST_NAME and thing.isprintable()


def brief(thing: object) -> str:
    """Return at most one short line for it, in which nothing can pass for anything else."""
    return text.shown(thing, BRIEF)


def unsupported_object(
    reader: str, error: object_errors.IncompatibleObjectVersion
) -> errors.UnsupportedVersion:
    """Return what to say where `reader` knows an object in an older version only."""
    name, version, knows = (
        str(error.kwargs.get(fact)) for fact in ("objname", "objver", "supported")
    )
    return errors.UnsupportedVersion(reader, f"{name} {brief(version)}", knows)


def _check_value(name: str, argument: Any) -> None:
    """Raise Unreadable unless all texts are text, and all numbers numbers, however deep."""
    if not is_name(name):
        raise Unreadable(f"{brief(name)} is no argument")
    level = [argument]
    for _ in range(DEEPEST):
        inside: list[Any] = []
        for value in level:
            _check_one(name, value)
            if isinstance(value, dict):
                _check_object(name, value)
                inside += value.keys()
                inside += value.values()
            elif isinstance(value, list):
                inside += value
        if not inside:
            return
        level = inside
    raise Unreadable(f"argument {name} is more than {DEEPEST} levels deep")


def _check_object(name: str, value: dict[str, Any]) -> None:
    """Raise Unreadable where it says to be an object of a kind that nobody has heard of.

    Also where no uuid stands for one, of which the fields warn only, and for ever.
    """
    if _KIND not in value:
        return
    kind = value[_KIND]
    if not is_name(kind) or kind not in Registry.obj_classes():
        raise Unreadable(
            f"argument {name} holds an object of no kind that is known: {brief(kind)}"
        )
    data = value.get(_DATA)
    for field, said in data.items() if isinstance(data, dict) else ():
        for uuid in _uuids(Registry.obj_classes()[kind][0].fields.get(field), said):
            if not is_uuid(uuid):
                raise Unreadable(
                    f"argument {name} holds a {kind} whose {field} is no uuid, but {brief(uuid)}"
                )


def _uuids(field: object, said: Any) -> Sequence[Any]:
    """Return what is said to be a uuid where this field of an object holds this."""
    match field:
        case fields.UUIDField() if said is not None:
            return [said]
        case fields.ListOfUUIDField() if isinstance(said, list):
            return said
    return ()


def _check_one(name: str, value: Any) -> None:
    match value:
        case str():
            if "\0" in value or not _is_unicode(value):
                raise Unreadable(f"argument {name} holds what is no text: {brief(value)}")
        case float():
            if not math.isfinite(value):
                raise Unreadable(f"argument {name} holds {value}, which is no number")
        case int():
            if abs(value) > LARGEST:
                raise Unreadable(f"argument {name} holds a number of more than 64 bits")


def _is_unicode(text: str) -> bool:
    """Is there no half of a surrogate pair in it?"""
    if text.isascii():
        return True
    return not any("\ud800" <= character <= "\udfff" for character in text)
