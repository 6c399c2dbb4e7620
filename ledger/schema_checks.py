"""Check each of Placement's JSON schemas once, instead of at every request.

`jsonschema.validate` checks that the schema itself is one before it looks at
the data, which takes as long as all else that a write does. Requests are
validated as before.
"""

from __future__ import annotations

from typing import Any

from placement import util


class _CheckedOnce:
    """The jsonschema module, as far as Placement uses it, with validators kept."""

    def __init__(self, jsonschema: Any) -> None:
        self._jsonschema = jsonschema
        # The schema is kept with its validator, so that its id stays its own.
        self._validators: dict[int, tuple[Any, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jsonschema, name)

    def validate(self, instance: Any, schema: Any, format_checker: Any = None) -> None:
        _, validator = self._validators.get(id(schema)) or self._keep(schema, format_checker)
        error = self._jsonschema.exceptions.best_match(validator.iter_errors(instance))
        if error is not None:
            raise error

    def _keep(self, schema: Any, format_checker: Any) -> tuple[Any, Any]:
        kind = self._jsonschema.validators.validator_for(schema)
        kind.check_schema(schema)
        kept = schema, kind(schema, format_checker=format_checker)
        self._validators[id(schema)] = kept
        return kept


def once_per_schema() -> None:
    """Make the Placement in this process check each schema once."""
    if not isinstance(util.jsonschema, _CheckedOnce):
        util.jsonschema = _CheckedOnce(util.jsonschema)
