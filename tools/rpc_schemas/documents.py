"""Put the schemas together into the files that are kept with the docs."""

from __future__ import annotations

import json
import typing
from typing import Any

from tools.rpc_schemas import shapes
from tools.rpc_schemas.facts import INTERFACES, Interface, Method
from tools.rpc_schemas.shapes import Schema

PLAIN: Schema = {"type": "object"}


def schemas() -> dict[str, str]:
    """Return the text of every schema file, by its name."""
    found = {f"{each.service}.json": _interface(each) for each in INTERFACES}
    found["objects.json"] = _file(
        "objects.json",
        "The versioned objects in their primitive form",
        {name: shapes.of_object(cls) for name, cls in shapes.object_classes().items()},
    )
    found["errors.json"] = _file(
        "errors.json",
        "The errors that a reply's failure may hold, once it is parsed",
        {name: shapes.of_error(cls) for name, cls in shapes.error_classes().items()},
    )
    found["envelope.json"] = _file(
        "envelope.json", "What oslo.messaging puts around calls, casts and replies", _envelope()
    )
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in found.items()}


def _file(name: str, title: str, definitions: dict[str, Any]) -> Schema:
    return {"$schema": shapes.DIALECT, "$id": name, "title": title, "$defs": definitions}


def _interface(interface: Interface) -> Schema:
    return {
        "$schema": shapes.DIALECT,
        "$id": f"{interface.service}.json",
        "title": f"{interface.title} {interface.version}",
        "topic": f"understudy.<bus>.{interface.service}",
        "version": interface.version,
        "methods": {
            name: _method(interface, name, method) for name, method in interface.methods.items()
        },
    }


def _method(interface: Interface, name: str, method: Method) -> Schema:
    hints = arguments_of(interface, name)
    result = hints.pop("return")
    described: Schema = {
        "kind": "cast" if method.cast else "call",
        "since": method.since,
        "description": method.what,
        "again": method.again,
        "args": {
            "type": "object",
            "properties": {
                argument: {
                    "description": method.arguments[argument],
                    **shapes.of_annotation(hint, argument),
                }
                for argument, hint in hints.items()
            },
            "required": list(hints),
            "additionalProperties": False,
        },
    }
    if not method.cast:
        described["result"] = {"description": method.result, **shapes.of_annotation(result)}
        described["errors"] = [f"errors.json#/$defs/{error}" for error in method.errors]
    return described


def arguments_of(interface: Interface, name: str) -> dict[str, Any]:
    """Return the annotations of what travels to a method, and of its result ("return")."""
    hints = typing.get_type_hints(getattr(interface.endpoint, name))
    del hints["ctxt"]
    return hints


def _envelope() -> dict[str, Schema]:
    """Return the shapes; a test holds messages that were captured to them."""
    text: Schema = {"type": "string"}
    ids = {"_unique_id": {**text, "description": "New for every message; a repeat is dropped."}}
    context: dict[str, Schema] = {
        f"_context_{fact}": {"type": ["string", "null"]}
        for fact in ("project_id", "user_id", "request_id")
    }
    context["_context_is_admin"] = {
        "type": "boolean",
        "description": "Does an administrator ask? Nothing but true says so.",
    }
    message = {
        "method": text,
        "version": {**text, "description": "The least version of the interface that has it."},
        "args": PLAIN,
        **ids,
        **context,
    }
    call = {
        "_msg_id": {**text, "description": "What the reply names."},
        "_reply_q": {**text, "description": "The queue that the reply goes to."},
        "_timeout": {"type": ["number", "null"], "description": "For call monitoring: unused."},
    }
    reply = {
        "_msg_id": text,
        "result": {"description": "What the method's result schema says; null with a failure."},
        "failure": {
            "type": ["string", "null"],
            "description": "JSON text again: one of errors.json, or null.",
        },
        "ending": {"const": True},
        **ids,
    }
    needed = ["method", "version", "args", "_unique_id"]
    return {
        "envelope": {
            "type": "object",
            "properties": {
                "oslo.version": {"const": "2.0"},
                "oslo.message": {**text, "description": "JSON text: a cast, a call or a reply."},
            },
            "required": ["oslo.version", "oslo.message"],
        },
        "cast": {"type": "object", "properties": message, "required": needed},
        "call": {
            "type": "object",
            "properties": {**message, **call},
            "required": [*needed, "_msg_id", "_reply_q"],
        },
        "reply": {
            "type": "object",
            "properties": reply,
            "required": ["_msg_id", "result", "failure", "ending", "_unique_id"],
        },
    }
