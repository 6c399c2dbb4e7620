"""A build request as people write it, in YAML or JSON, made into a BuildRequest.

The form has the object's own fields as its keys, and the fields say what may
stand there; nothing is converted, for 1.5 or "2" of something is a mistake
that is better mended than guessed at. Whether the request makes sense is for
`validation.check`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from oslo_versionedobjects import fields

from understudy.objects import errors, text
from understudy.objects import fields as our_fields
from understudy.objects.base import UnderstudyObject
from understudy.objects.build_request import Affinity, BuildRequest, ResourceGroup


def parse(form: object, defaults: Mapping[str, object] | None = None) -> BuildRequest:
    """Return the request that `form` describes; InvalidRequest names what is wrong.

    `defaults` stand in for keys that the form leaves out, as a client's own
    project, user and request id.
    """
    if not isinstance(form, dict):
        raise errors.InvalidRequest(
            "request", f"{_kind(form)} is not a request", "write keys and values, as in count: 2"
        )
    return BuildRequest(**_values(BuildRequest, {**(defaults or {}), **form}, ""))


def _values(of: type[UnderstudyObject], form: dict[Any, Any], prefix: str) -> dict[str, Any]:
    for key in form:
        if key not in of.fields:
            raise errors.InvalidRequest(
                f"{prefix}{_key(key)}", "there is no such field", _nearest(_key(key), of.fields)
            )
    for name, field in of.fields.items():
        if name not in form and field.default is fields.UnspecifiedDefault:
            raise errors.InvalidRequest(f"{prefix}{name}", "it is missing", "write it down")
    return {key: _value(of.fields[key], value, f"{prefix}{key}") for key, value in form.items()}


def _value(field: Any, value: object, place: str) -> Any:
    if value is None:
        if field.nullable:
            return None
        raise errors.InvalidRequest(place, "it has no value", "write one, or leave the key out")
    if isinstance(field, fields.EnumField):
        return _choice(value, place, field.valid_values)
    return _READERS[type(field)](value, place)


def _choice(value: object, place: str, valid: Collection[str]) -> str:
    if value not in valid:
        raise errors.InvalidRequest(
            place, f"{text.excerpt(value)} is not a choice", f"write one of {', '.join(valid)}"
        )
    return str(value)


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise errors.InvalidRequest(
            place,
            f"{text.excerpt(value)} is not text",
            "write text, in quotes if it looks like a number",
        )
    return value


def _amount(value: object, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.InvalidRequest(
            place,
            f"{text.excerpt(value)} is not a whole number",
            "write one without quotes or a fraction",
        )
    return value


def _texts(value: object, place: str) -> list[str]:
    return [_text(item, where) for item, where in _items(value, place)]


def _text_lists(value: object, place: str) -> list[list[str]]:
    return [_texts(item, where) for item, where in _items(value, place)]


def _text_map(value: object, place: str) -> dict[str, str]:
    return {
        _text(key, place): _text(item, f"{place}.{_key(key)}")
        for key, item in _map(value, place).items()
    }


def _amounts(value: object, place: str) -> dict[str, int]:
    return {
        _text(key, place): _amount(item, f"{place}.{_key(key)}")
        for key, item in _map(value, place).items()
    }


def _groups(value: object, place: str) -> list[ResourceGroup]:
    return [
        ResourceGroup(**_values(ResourceGroup, _map(item, where), f"{where}."))
        for item, where in _items(value, place)
    ]


def _affinity(value: object, place: str) -> Affinity:
    return Affinity(**_values(Affinity, _map(value, place), f"{place}."))


def _items(value: object, place: str) -> list[tuple[Any, str]]:
    if not isinstance(value, list):
        raise errors.InvalidRequest(
            place, f"{text.excerpt(value)} is not a list", "write a list, as in [a, b]"
        )
    return [(item, f"{place}[{index}]") for index, item in enumerate(value)]


def _map(value: object, place: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise errors.InvalidRequest(
            place,
            f"{text.excerpt(value)} is not a map",
            "write keys and values, as in {key: value}",
        )
    return value


def _nearest(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"the fields are {', '.join(sorted(known))}"


def _key(key: object) -> str:
    return text.printable(str(key), text.EXCERPT)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return "a text" if isinstance(value, str) else text.excerpt(value)


_READERS: dict[type[Any], Callable[[object, str], Any]] = {
    fields.UUIDField: _text,
    fields.StringField: _text,
    fields.ListOfStringsField: _texts,
    fields.ListOfUUIDField: _texts,
    fields.ListOfListsOfStringsField: _text_lists,
    fields.DictOfStringsField: _text_map,
    our_fields.AmountField: _amount,
    our_fields.AmountsField: _amounts,
    # The one object, and the one list of objects, that a form holds.
    fields.ObjectField: _affinity,
    fields.ListOfObjectsField: _groups,
}
