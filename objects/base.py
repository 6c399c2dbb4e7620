"""The base of every versioned object, and the registry that knows them all.

An object is data with a history. `VERSION` follows semantic versioning: a new
field raises the minor number and `obj_make_compatible` takes it away again for
a peer that pinned an older version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_versionedobjects import base as ovo_base

NAMESPACE = "understudy"


class Registry(ovo_base.VersionedObjectRegistry):
    """All object classes by name and version."""


class UnderstudyObject(ovo_base.VersionedObject):
    """An object that lives in our namespace and compares by value.

    Only the fields count: what changed since the last reset does not, so that
    an object equals what arrives of it. It can change, so it has no hash.
    """

    OBJ_PROJECT_NAMESPACE = NAMESPACE
    OBJ_SERIAL_NAMESPACE = "understudy_object"

    def __init__(self, context: Any = None, **kwargs: Any) -> None:
        """Set the fields that were given, and the others to their defaults."""
        super().__init__(context, **kwargs)
        self.obj_set_defaults()

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Is `other` an object of the same name with the same values?"""
        if not isinstance(other, UnderstudyObject) or self.obj_name() != other.obj_name():
            return NotImplemented
        return self._set_values() == other._set_values()

    def _set_values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.fields if self.obj_attr_is_set(name)}

    def obj_to_wire(
        self, target_version: str | None = None, manifest: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the primitive that travels, without the list of changed fields.

        The far side has no use for what changed here, and the list costs a
        fifth of the bytes. `manifest` gives the version that an older peer
        knows of each object by name; nested objects are taken back only by it.
        """
        known = dict(manifest or {})
        self.obj_reset_changes(recursive=True)
        primitive: dict[str, Any] = self.obj_to_primitive(
            target_version=target_version or known.get(self.obj_name()),
            version_manifest=known or None,
        )
        return primitive


class Serializer(ovo_base.VersionedObjectSerializer):
    """Turn objects into primitives and back, at the edge of the bus.

    While some peers are older, `manifest` names the object versions they know.
    """

    OBJ_BASE_CLASS = UnderstudyObject

    def __init__(self, manifest: Mapping[str, str] | None = None) -> None:
        """Write every object as it is, or as `manifest` says."""
        super().__init__()
        self._manifest = manifest

    def serialize_entity(self, context: Any, entity: Any) -> Any:
        """Return `entity` as primitives, its changes forgotten."""
        if isinstance(entity, UnderstudyObject):
            return entity.obj_to_wire(manifest=self._manifest)
        return super().serialize_entity(context, entity)
