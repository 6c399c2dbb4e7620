"""Listen for a service's calls, and let nothing untyped out.

What is not begun stays in the broker, where others of the service can take it
and where it expires when its caller stops waiting. Of calls that wait for more
than can be done in time, a server that `refuses` takes the oldest and answers
Overloaded, which costs next to nothing.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from concurrent import futures
from typing import Any, Final

import oslo_messaging as messaging
from oslo_messaging.rpc import dispatcher as rpc_dispatcher
from oslo_messaging.rpc import server as rpc_server

from understudy.objects.errors import UnderstudyError
from understudy.rpcapi import errors
from understudy.rpcapi.bus import WIRE_ERRORS, Bus
from understudy.rpcapi.intake import Intake
from understudy.rpcapi.overload import Overload
from understudy.rpcapi.workers import Workers

LOG = logging.getLogger(__name__)

DEFAULT_WORKERS: Final = 8
REFUSERS: Final = 4
"""Threads that tell callers to come back: each waits for the broker most of the time."""


class Server:
    """The endpoints of one service, listening on a bus once started.

    An endpoint is any object with methods under `messaging.expose` and a
    `target = messaging.Target(version=...)`; only exposed methods can be called,
    each as method(ctxt, **arguments). An UnderstudyError that it raises crosses
    as it is; any other is logged here, once and with its traceback, and crosses
    as ServiceUnavailable.
    """

    def __init__(
        self,
        bus: Bus,
        service: str,
        endpoints: Sequence[object],
        *,
        name: str,
        workers: int = DEFAULT_WORKERS,
        refuses: bool = False,
    ) -> None:
        """Make a server for `service` ("scheduler"), of which `name` is one process.

        `workers` calls are handled at a time, each in a thread of its own. If it
        `refuses`, callers are told to come back when the bus's `longest_wait`
        does not do for all who wait; casts are always kept.
        """
        overload = Overload(bus.longest_wait) if refuses else None
        self._workers = workers
        self._server = messaging.get_rpc_server(
            bus.transport,
            messaging.Target(topic=bus.topic(service), server=name),
            list(endpoints),
            serializer=bus.serializer(),
            access_policy=messaging.ExplicitRPCAccessPolicy,
            server_cls=functools.partial(_BoundedServer, service, workers, overload),
        )

    def start(self) -> None:
        """Begin to listen."""
        self._server.start(override_pool_size=self._workers)

    def stop(self) -> None:
        """Take no more calls; those begun go on."""
        self._server.stop()

    def wait(self) -> None:
        """Wait, after `stop`, until all that was begun is done and answered."""
        self._server.refuse_no_more()
        self._server.wait()


class _BoundedServer(rpc_server.RPCServer):
    """An RPC server that takes a message only when a thread is free for it."""

    def __init__(
        self,
        service: str,
        workers: int,
        overload: Overload | None,
        transport: Any,
        target: Any,
        dispatcher: Any,
        *rest: Any,
    ) -> None:
        super().__init__(transport, target, _TypedDispatcher(service, dispatcher), *rest)
        # The stdlib's: it ends at once, where the default one's idle threads take a second.
        self._executor_cls = futures.ThreadPoolExecutor
        self._overload = overload
        self._takers = Workers(workers), Workers(REFUSERS)
        self._refusers = futures.ThreadPoolExecutor(REFUSERS)

    def refuse_no_more(self) -> None:
        """Wait until all who were to be refused are."""
        self._refusers.shutdown(wait=True)

    def _create_listener(self) -> Any:
        return Intake.listen(
            self.transport._driver, self._target, *self._takers, overload=self._overload
        )

    def _on_incoming(self, incoming: Any) -> None:
        if incoming[0].come_back_after is None:
            super()._on_incoming(incoming)
        else:
            self._refusers.submit(self._process_incoming, incoming)

    def _process_incoming(self, incoming: Any) -> None:
        try:
            super()._process_incoming(incoming)
        finally:
            incoming[0].done()


class _TypedDispatcher:
    """Hand a message to the endpoints; what they raise leaves as an error of ours."""

    def __init__(self, service: str, dispatcher: rpc_dispatcher.RPCDispatcher) -> None:
        self._service = service
        self._dispatcher = dispatcher

    def dispatch(self, incoming: Any) -> Any:
        # For the logs: what is done about one instance names it on each line.
        instance = (incoming.message.get("args") or {}).get("instance_uuid")
        if isinstance(instance, str):
            incoming.ctxt["instance_uuid"] = instance
        try:
            if incoming.come_back_after is not None:
                raise errors.Overloaded(self._service, incoming.come_back_after)
            return self._dispatcher.dispatch(incoming)
        except rpc_dispatcher.ExpectedException as expected:
            self._raise_typed(expected.exc_info[1], incoming)
        except Exception as error:
            self._raise_typed(error, incoming)

    def _raise_typed(self, error: BaseException, incoming: Any) -> None:
        """Raise ExpectedException, which oslo.messaging sends without logging it again."""
        method = incoming.message.get("method")
        try:
            if isinstance(error, UnderstudyError) and type(error).__module__ in WIRE_ERRORS:
                raise error
            LOG.error("%s failed in %s", self._service, method, exc_info=error)
            raise errors.ServiceUnavailable(
                self._service, f"{method} met an unexpected {type(error).__name__}, see its log"
            ) from None
        except UnderstudyError:
            raise rpc_dispatcher.ExpectedException from None
