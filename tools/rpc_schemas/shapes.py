"""JSON schemas of what travels: objects in their primitive form, arguments and results."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final

from oslo_versionedobjects import fields

from understudy import objects
from understudy.objects import base, errors
from understudy.objects import fields as our_fields
from understudy.rpcapi import errors as wire

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
UUID: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
PAIRS: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "array",
        "prefixItems": [UUID, {"type": "integer", "minimum": 1}],
        "minItems": 2,
        "maxItems": 2,
    },
    "description": "[instance uuid, attempt] each",
}
# What is a str in Python and has a shape of its own.
_UUIDS: Final = frozenset({"request_id", "instance_uuid", "instance_uuids", "marker"})
_PLAIN: Final[Mapping[type, Schema]] = {
    fields.Boolean: {"type": "boolean"},
    fields.Float: {"type": "number"},
    fields.Integer: {"type": "integer"},
    fields.UUID: UUID,
    fields.String: {"type": "string"},
    our_fields.JsonField.Json: {},
}
_SCALARS: Final[Mapping[Any, str]] = {
    bool: "boolean",
    float: "number",
    int: "integer",
    str: "string",
    type(None): "null",
}


def object_classes() -> dict[str, type[base.UnderstudyObject]]:
    """Return the newest class of each object of ours, by name."""
    for module in pkgutil.iter_modules(objects.__path__):
        importlib.import_module(f"{objects.__name__}.{module.name}")
    newest = {name: classes[0] for name, classes in base.Registry.obj_classes().items()}
    return {
        name: cls
        for name, cls in sorted(newest.items())
        if issubclass(cls, base.UnderstudyObject)
        and cls.__module__.startswith("understudy.objects.")
    }


def of_object(cls: type[base.UnderstudyObject]) -> Schema:
    """Return the schema of the primitive form; fields with defaults may be left out."""
    data = {name: _of_field(field) for name, field in sorted(cls.fields.items())}
    required = sorted(
        name for name, field in cls.fields.items() if field.default is fields.UnspecifiedDefault
    )
    prefix = cls.OBJ_SERIAL_NAMESPACE
    return {
        "title": f"{cls.obj_name()} {cls.VERSION}",
        "description": inspect.cleandoc(cls.__doc__ or ""),
        "type": "object",
        "properties": {
            f"{prefix}.namespace": {"const": cls.OBJ_PROJECT_NAMESPACE},
            f"{prefix}.name": {"const": cls.obj_name()},
            f"{prefix}.version": {"const": cls.VERSION},
            f"{prefix}.data": {
                "type": "object",
                "properties": data,
                "required": required,
                "additionalProperties": False,
            },
        },
        "required": [f"{prefix}.{key}" for key in ("name", "namespace", "version", "data")],
    }


def _of_field(field: Any) -> Schema:
    schema = _of_type(field._type)
    if field.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if field.default is not fields.UnspecifiedDefault:
        schema = {**schema, "default": field.default}
    return schema


def _of_type(kind: Any) -> Schema:
    match kind:
        case fields.Object():
            return {"$ref": f"objects.json#/$defs/{kind._obj_name}"}
        case fields.List():
            return {"type": "array", "items": _of_field(kind._element_type)}
        case fields.Dict():
            values = _of_field(kind._element_type)
            return {"type": "object", "additionalProperties": values}
        case fields.Enum():
            return {"enum": list(kind._valid_values)}
    for known, schema in _PLAIN.items():
        if isinstance(kind, known):
            return schema
    raise LookupError(f"say in {__name__} what shape a {type(kind).__name__} has")


def of_annotation(annotation: Any, name: str = "") -> Schema:
    """Return the schema of an endpoint's argument or result; `name` tells uuids apart."""
    if annotation is str and name in _UUIDS:
        return UUID
    if annotation in _SCALARS:
        return {"type": _SCALARS[annotation]}
    if isinstance(annotation, type) and issubclass(annotation, base.UnderstudyObject):
        return {"$ref": f"objects.json#/$defs/{annotation.obj_name()}"}
    return _of_generic(annotation, typing.get_args(annotation), name)


def _of_generic(annotation: Any, inner: tuple[Any, ...], name: str) -> Schema:
    origin = typing.get_origin(annotation)
    if origin in {types.UnionType, typing.Union}:
        return {"anyOf": [of_annotation(one, name) for one in inner]}
    # JSON has no tuples: the endpoints take pairs as lists of anything.
    if annotation == Sequence[Sequence[object]]:
        return PAIRS
    if origin in {list, Sequence}:
        return {"type": "array", "items": of_annotation(inner[0], name)}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": of_annotation(inner[1])}
    raise LookupError(f"say in {__name__} what shape {annotation} has")


def error_classes() -> dict[str, type[errors.UnderstudyError]]:
    """Return every error that may cross the bus, by name."""
    return {
        name: found
        for module in (errors, wire)
        for name, found in sorted(vars(module).items())
        if isinstance(found, type)
        and issubclass(found, errors.UnderstudyError)
        and found.__module__ == module.__name__
        and found not in {errors.UnderstudyError, wire.WireError}
    }


def facts_of(error: type[errors.UnderstudyError]) -> dict[str, Any]:
    """Return the annotation of each positional fact of an error, in their order."""
    hints = typing.get_type_hints(error)
    if issubclass(error, wire.WireError):
        return {fact.name: hints[fact.name] for fact in dataclasses.fields(error) if fact.init}
    taken = typing.get_type_hints(error.__init__)
    return {name: hint for name, hint in taken.items() if name != "return"}


def of_error(error: type[errors.UnderstudyError]) -> Schema:
    """Return the schema of an error as the JSON text in a reply's `failure` says it."""
    facts = facts_of(error)
    items = [{"title": name, **of_annotation(hint, name)} for name, hint in facts.items()]
    return {
        "title": error.__name__,
        "description": inspect.cleandoc(error.__doc__ or ""),
        "type": "object",
        "properties": {
            "class": {"const": error.__name__},
            "module": {"const": error.__module__},
            "message": {"type": "string"},
            "tb": {"type": "array", "items": {"type": "string"}},
            "args": {
                "type": "array",
                "prefixItems": items,
                "minItems": len(items),
                "maxItems": len(items),
            },
            "kwargs": {"type": "object"},
        },
        "required": ["class", "module", "message", "args"],
    }
