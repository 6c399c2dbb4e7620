"""A peer of the first release: it reads what 0.1 knew, and nothing newer."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from typing import Any, Final

from oslo_versionedobjects import exception

from understudy.objects.base import NAMESPACE, Serializer
from understudy.rpcapi import versions
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.context import ContextSerializer

RELEASE: Final = "0.1"
PATIENCE: Final = 10.0
"""Seconds that a test waits for what is to come, if all else is well."""


class OldBus(Bus):
    """A bus as a process of the first release has it."""

    def serializer(self) -> ContextSerializer:
        return ContextSerializer(OldSerializer())


class OldSerializer(Serializer):
    """Refuses every object of a version that the release does not list, however deep it is."""

    def deserialize_entity(self, context: Any, entity: Any) -> Any:
        for name, version in _objects_in(entity):
            if version != versions.OBJECTS[RELEASE][name]:
                raise exception.IncompatibleObjectVersion(
                    objname=name, objver=version, supported=versions.OBJECTS[RELEASE][name]
                )
        return super().deserialize_entity(context, entity)


def _objects_in(entity: Any) -> Iterator[tuple[str, str]]:
    if isinstance(entity, dict):
        if entity.get("understudy_object.namespace") == NAMESPACE:
            yield entity["understudy_object.name"], entity["understudy_object.version"]
        for value in entity.values():
            yield from _objects_in(value)
    elif isinstance(entity, list):
        for value in entity:
            yield from _objects_in(value)


class Behind:
    """What stands behind an endpoint: takes every call, and answers as it was told."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._calls: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(*arguments: Any) -> Any:
            self._calls.put(arguments)
            return self._answer

        return method

    def next_call(self) -> tuple[Any, ...]:
        """Return the arguments of the oldest call not looked at; raises queue.Empty."""
        return self._calls.get(timeout=PATIENCE)
