"""The parts of doc/source/user/rpc.rst that follow from the interfaces."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from tools.rpc_schemas import documents, shapes
from tools.rpc_schemas.facts import INTERFACES, Interface, Method

HEADING = ".. Written by python -m tools.rpc_schemas; do not edit."


def pages() -> dict[str, str]:
    """Return the text of every included file, by its name."""
    found = {f"{each.service}.inc": _lines(_interface(each)) for each in INTERFACES}
    found["errors.inc"] = _lines(_errors())
    found["objects.inc"] = _lines(_objects())
    return found


def _lines(lines: Iterator[str]) -> str:
    return "\n".join([HEADING, "", *lines])


def _interface(interface: Interface) -> Iterator[str]:
    yield f"Topic ``understudy.<bus>.{interface.service}``, where ``<bus>`` is {_bus(interface)}."
    yield f"Version {interface.version}. {interface.listeners}"
    yield f":download:`schemas/{interface.service}.json` has the shapes."
    yield ""
    for name, method in interface.methods.items():
        yield from _method(interface, name, method)


def _bus(interface: Interface) -> str:
    return f"``{interface.bus}``" if interface.bus == "api" else interface.bus


def _method(interface: Interface, name: str, method: Method) -> Iterator[str]:
    hints = documents.arguments_of(interface, name)
    result = hints.pop("return")
    yield f"``{name}``"
    kind = "Cast" if method.cast else "Call"
    yield f"    *{kind}, since {method.since}.* {_literal(method.what)}"
    yield ""
    for argument, hint in hints.items():
        shape = _shape(shapes.of_annotation(hint, argument))
        yield f"    - ``{argument}`` ({shape}): {_literal(method.arguments[argument])}"
    if hints:
        yield ""
    if not method.cast:
        yield f"    Result ({_shape(shapes.of_annotation(result))}): {_literal(method.result)}"
        yield ""
        yield f"    Errors: {', '.join(method.errors)}."
        yield ""
    yield f"    May it be sent again? {_literal(method.again)}"
    yield ""


def _literal(text: str) -> str:
    """Return the text with one backquote where a page has two."""
    return text.replace("`", "``")


_NAMED = (
    (shapes.UUID, "uuid"),
    (shapes.PAIRS, "list of [instance uuid, attempt]"),
)


def _shape(schema: shapes.Schema) -> str:
    """Return a shape in a few words."""
    named = next((words for known, words in _NAMED if schema == known), None)
    match schema:
        case _ if named is not None:
            words = named
        case {"$ref": reference}:
            words = f"``{reference.rpartition('/')[2]}``"
        case {"anyOf": choices}:
            words = " or ".join(_shape(each) for each in choices)
        case {"items": items}:
            words = f"list of {_shape(items)}"
        case {"additionalProperties": values}:
            words = f"map of string to {_shape(values)}"
        case _:
            words = str(schema["type"])
    return words


def _errors() -> Iterator[str]:
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    yield "   * - Class"
    yield "     - Positional facts"
    yield "     - Meaning"
    for name, cls in shapes.error_classes().items():
        facts = ", ".join(
            f"{fact} ({_shape(shapes.of_annotation(hint, fact))})"
            for fact, hint in shapes.facts_of(cls).items()
        )
        yield f"   * - {name}"
        yield f"     - {facts}"
        yield f"     - {_first_line(cls)}"
    yield ""


def _objects() -> Iterator[str]:
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    yield "   * - Object"
    yield "     - Version"
    yield "     - Must be set"
    yield "     - What it is"
    for name, cls in shapes.object_classes().items():
        data: Any = shapes.of_object(cls)["properties"][f"{cls.OBJ_SERIAL_NAMESPACE}.data"]
        yield f"   * - {name}"
        yield f"     - {cls.VERSION}"
        yield f"     - {', '.join(data['required']) or 'nothing'}"
        yield f"     - {_first_line(cls)}"
    yield ""


def _first_line(cls: type) -> str:
    """Return the first line of a docstring."""
    return _literal(inspect.cleandoc(cls.__doc__ or "").partition("\n")[0])
