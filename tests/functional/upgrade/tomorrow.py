"""The release after this one, as it might be: every object and every method has one thing more.

`trace` is that thing: a field of the objects that changed, and an argument of
every method. A method that this release has not is `ping`.
"""

from __future__ import annotations

from typing import Any

import fixtures
import oslo_messaging as messaging
from oslo_utils import versionutils
from oslo_versionedobjects import fields, fixture

from understudy.compute.endpoints import ComputeEndpoint
from understudy.conductor.endpoints import CellConductorEndpoint, SuperConductorEndpoint
from understudy.objects import base
from understudy.objects import fields as our_fields
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import versions
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.client import Client
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient
from understudy.scheduler.endpoints import SchedulerEndpoint

VERSION = "1.2"
TRACE = "a-trace"


def _newer_object(cls: Any) -> Any:
    """Return version 1.2 of an object, under the same name."""

    def obj_make_compatible(self: Any, primitive: dict[str, Any], target_version: str) -> None:
        cls.obj_make_compatible(self, primitive, target_version)
        if versionutils.convert_version_to_tuple(target_version) < (1, 2):
            primitive.pop("trace", None)

    members = {
        # 1.0: first version
        # 1.2: added trace
        "VERSION": VERSION,
        "fields": {
            **cls.fields,
            "trace": fields.StringField(nullable=True, default=our_fields.NONE),
        },
        "obj_make_compatible": obj_make_compatible,
    }
    return type(cls.__name__, (cls,), members)


OBJECTS = {
    cls.__name__: _newer_object(cls) for cls in (BuildRequest, Fault, Host, SelectionAnswer)
}


class Registered(fixtures.Fixture):
    """Let this process know tomorrow's objects and versions, until the test ends."""

    def _setUp(self) -> None:  # noqa: N802
        self.useFixture(fixture.VersionedObjectRegistryFixture())
        for name, cls in OBJECTS.items():
            # Not beside today's: a process knows one version of an object.
            base.Registry.obj_classes()[name].clear()
            base.Registry.register(cls)
        newer = dict.fromkeys(versions.INTERFACES, VERSION)
        self.useFixture(fixtures.MockPatchObject(versions, "INTERFACES", newer))


def newer(thing: Any) -> Any:
    """Return the object as tomorrow's code has it, with its new field set."""
    values = {name: getattr(thing, name) for name in thing.fields}
    return OBJECTS[thing.obj_name()](**values, trace=TRACE)


class _NewerClient(Client):
    """Sends the new argument to whoever understands it."""

    def _call(
        self,
        ctxt: RequestContext,
        method: str,
        *,
        since: str = "1.0",
        timeout: float | None = None,
        **arguments: Any,
    ) -> Any:
        if self._rpc.can_send_version(VERSION):
            since, arguments = VERSION, {**arguments, "trace": TRACE}
        return super()._call(ctxt, method, since=since, timeout=timeout, **arguments)

    def _cast(
        self,
        ctxt: RequestContext,
        method: str,
        *,
        since: str = "1.0",
        server: str | None = None,
        **arguments: Any,
    ) -> None:
        if self._rpc.can_send_version(VERSION):
            since, arguments = VERSION, {**arguments, "trace": TRACE}
        super()._cast(ctxt, method, since=since, server=server, **arguments)

    def ping(self, ctxt: RequestContext) -> None:
        self._cast(ctxt, "ping", since=VERSION)


class NewerSchedulerClient(_NewerClient, SchedulerClient):
    version = VERSION


class NewerSuperConductorClient(_NewerClient, SuperConductorClient):
    version = VERSION


class NewerCellConductorClient(_NewerClient, CellConductorClient):
    version = VERSION


class NewerComputeClient(_NewerClient, ComputeClient):
    version = VERSION


def _newer_endpoint(cls: Any) -> Any:
    """Return version 1.2 of an endpoint; `traces` has the new argument of each call."""

    def with_trace(method: Any) -> Any:
        def taken(self: Any, ctxt: Any, *, trace: str | None = None, **arguments: Any) -> Any:
            self.traces.append(trace)
            return method(self, ctxt, **arguments)

        return messaging.expose(taken)

    exposed = {
        name: with_trace(method)
        for name, method in vars(cls).items()
        if getattr(method, "exposed", False)
    }
    more = {"target": messaging.Target(version=VERSION), "traces": []}
    return type(f"Newer{cls.__name__}", (cls,), {**exposed, **more})


NewerSchedulerEndpoint = _newer_endpoint(SchedulerEndpoint)
NewerSuperConductorEndpoint = _newer_endpoint(SuperConductorEndpoint)
NewerCellConductorEndpoint = _newer_endpoint(CellConductorEndpoint)
NewerComputeEndpoint = _newer_endpoint(ComputeEndpoint)
