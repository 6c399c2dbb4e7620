"""The enumerations, and the few field types that oslo.versionedobjects has not."""

from __future__ import annotations

from typing import Any, Final

from oslo_versionedobjects import fields

NONE: Final[Any] = None
"""None as the default of a nullable field, which oslo's annotations leave out."""


class Blame:
    """Who a fault is held against; it decides what happens next."""

    HOST = "host"
    REQUEST = "request"
    NETWORK = "network"
    ALL = (HOST, REQUEST, NETWORK)


class GroupPolicy:
    """May numbered request groups share a provider?"""

    NONE = "none"
    ISOLATE = "isolate"
    ALL = (NONE, ISOLATE)


class AffinityPolicy:
    """Must the members of a group share a host, or must no two of them?"""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti-affinity"
    ALL = (AFFINITY, ANTI_AFFINITY)


class AdminState:
    """What the operator, or the host itself, wants of a host."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DRAINING = "draining"
    ALL = (ENABLED, DISABLED, DRAINING)


class Amount(fields.Integer):
    """A whole number; a fraction is refused instead of cut off."""

    @staticmethod
    def coerce(obj: Any, attr: str, value: Any) -> int:
        """Return `value` as an int; ValueError where that would lose something."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{attr} must be a whole number, not {value!r}")
        return value


class AmountField(fields.AutoTypedField[int]):
    """One amount."""

    AUTO_TYPE = Amount()


class AmountsField(fields.AutoTypedField[dict[str, int]]):
    """Amounts by resource class: {"VCPU": 2}."""

    AUTO_TYPE = fields.Dict(Amount())


class JsonField(fields.AutoTypedField[Any]):
    """Plain JSON data, carried as it is."""

    class Json(fields.FieldType[Any]):
        """Any value that JSON can say."""

        @staticmethod
        def coerce(obj: Any, attr: str, value: Any) -> Any:
            """Return the value untouched."""
            return value

        def get_schema(self) -> dict[str, Any]:
            """Any JSON value."""
            return {"type": ["object", "array", "string", "number", "boolean", "null"]}

    AUTO_TYPE = Json()
