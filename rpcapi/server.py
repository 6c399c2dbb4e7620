"""Listen for a service's calls, and let nothing untyped out.

oslo.messaging acknowledges a message as it arrives and queues what its threads
cannot take, without bound and out of the broker's sight. Here the listener
waits instead, so that what is not begun stays in the broker, where others of
the service can take it and where it expires when its caller stops waiting.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Sequence
from concurrent import futures
from typing import Any, Final

import oslo_messaging as messaging
from oslo_messaging.rpc import dispatcher as rpc_dispatcher
from oslo_messaging.rpc import server as rpc_server

from understudy.objects.errors import UnderstudyError
from understudy.rpcapi import errors
from understudy.rpcapi.bus import WIRE_ERRORS, Bus

LOG = logging.getLogger(__name__)

DEFAULT_WORKERS: Final = 8


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
    ) -> None:
        """Make a server for `service` ("scheduler"), of which `name` is one process.

        `workers` calls are handled at a time, each in a thread of its own.
        """
        self._workers = workers
        self._server = messaging.get_rpc_server(
            bus.transport,
            messaging.Target(topic=bus.topic(service), server=name),
            list(endpoints),
            serializer=bus.serializer(),
            access_policy=messaging.ExplicitRPCAccessPolicy,
            server_cls=functools.partial(_BoundedServer, service, workers),
        )

    def start(self) -> None:
        """Begin to listen."""
        self._server.start(override_pool_size=self._workers)

    def stop(self) -> None:
        """Take no more calls; those begun go on."""
        self._server.stop()

    def wait(self) -> None:
        """Wait, after `stop`, until all that was begun is done and answered."""
        self._server.wait()


class _BoundedServer(rpc_server.RPCServer):
    """An RPC server that takes a message only when a thread is free for it."""

    def __init__(
        self, service: str, workers: int, transport: Any, target: Any, dispatcher: Any, *rest: Any
    ) -> None:
        super().__init__(transport, target, _TypedDispatcher(service, dispatcher), *rest)
        # The stdlib's: it ends at once, where the default one's idle threads take a second.
        self._executor_cls = futures.ThreadPoolExecutor
        self._free = threading.Semaphore(workers)

    def _on_incoming(self, incoming: Any) -> None:
        # Runs in the listener's own thread: while it waits here, nothing is fetched.
        self._free.acquire()
        super()._on_incoming(incoming)

    def _process_incoming(self, incoming: Any) -> None:
        try:
            super()._process_incoming(incoming)
        finally:
            self._free.release()


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
