"""The base of every versioned object, and the registry that knows them all.

An object is data with a history. `VERSION` follows semantic versioning: a new
field raises the minor number and `obj_make_compatible` takes it away again for
a peer that pinned an older version.
"""

from __future__ import annotations

from typing import Any

from oslo_versionedobjects import base as ovo_base

NAMESPACE = "understudy"


class Registry(ovo_base.VersionedObjectRegistry):
    """All object classes by name and version."""


class UnderstudyObject(ovo_base.VersionedObject, ovo_base.ComparableVersionedObject):
    """An object that lives in our namespace and compares by value."""

    OBJ_PROJECT_NAMESPACE = NAMESPACE
    OBJ_SERIAL_NAMESPACE = "understudy_object"

    def __init__(self, context: Any = None, **kwargs: Any) -> None:
        """Set the fields that were given, and the others to their defaults."""
        super().__init__(context, **kwargs)
        self.obj_set_defaults()

    def obj_to_wire(self, target_version: str | None = None) -> dict[str, Any]:
        """Return the primitive that travels, without the list of changed fields.

        The far side has no use for what changed here, and the list costs a
        fifth of the bytes.
        """
        self.obj_reset_changes(recursive=True)
        primitive: dict[str, Any] = self.obj_to_primitive(target_version=target_version)
        return primitive


class Serializer(ovo_base.VersionedObjectSerializer):
    """Turn objects into primitives and back, at the edge of the bus."""

    OBJ_BASE_CLASS = UnderstudyObject

    def serialize_entity(self, context: Any, entity: Any) -> Any:
        """Return `entity` as primitives, its changes forgotten."""
        if isinstance(entity, UnderstudyObject):
            return entity.obj_to_wire()
        return super().serialize_entity(context, entity)
