"""Listen for a service's calls, and let nothing untyped out.

What is not begun stays in the broker, where others of the service can take it
and where it expires when its caller stops waiting. Of calls that wait for more
than can be done in time, a server that `refuses` takes the oldest and answers
Overloaded, which costs next to nothing.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Sequence
from concurrent import futures
from typing import Any, Final

import oslo_messaging as messaging
from oslo_messaging.rpc import dispatcher as rpc_dispatcher
from oslo_messaging.rpc import server as rpc_server
from oslo_versionedobjects import exception as object_errors

from understudy.objects.errors import UnderstudyError
from understudy.rpcapi import arguments, call, errors
from understudy.rpcapi.bus import WIRE_ERRORS, Bus
from understudy.rpcapi.context import SENDER
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
    each as method(ctxt, **arguments), with arguments of the types that it is
    annotated with. An UnderstudyError that it raises crosses as it is; any other
    is logged here, once and with its traceback, and crosses as ServiceUnavailable.
    A message that makes no sense costs a line in the log: its caller gets
    BadRequest or UnsupportedVersion.
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
        self._server = _BoundedServer(
            service,
            workers,
            overload,
            bus.transport,
            messaging.Target(topic=bus.topic(service), server=name),
            TypedDispatcher(service, endpoints, bus.serializer()),
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
        dispatcher: TypedDispatcher,
    ) -> None:
        super().__init__(transport, target, dispatcher)
        self._service = service
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
            self._service,
            self.transport._driver,
            self._target,
            *self._takers,
            overload=self._overload,
        )

    def _on_incoming(self, incoming: Any) -> None:
        [message] = incoming
        executor = self._refusers if message.by_refuser else self._work_executor
        try:
            executor.submit(self._process_incoming, incoming)
        except Exception:
            # It may be done all the same, by a thread that there is.
            LOG.exception("%s has no thread for a message", self._service)
            message.done()

    def _process_incoming(self, incoming: Any) -> None:
        [message] = incoming
        try:
            super()._process_incoming(incoming)
        except Exception as error:
            # Around the endpoints nothing of ours fails; what the library does there may.
            LOG.exception("%s could not handle a message", self._service)
            self._reply_failed(message, error)
        finally:
            message.done()

    def _reply_failed(self, message: Any, error: Exception) -> None:
        failed = errors.ServiceUnavailable(
            self._service, f"handling the message met an unexpected {type(error).__name__}"
        )
        with contextlib.suppress(Exception):
            try:
                raise failed
            except errors.ServiceUnavailable:
                message.reply(failure=sys.exc_info())


class TypedDispatcher(rpc_dispatcher.RPCDispatcher):
    """Hands a message to the endpoints; what is wrong with it, or they raise, leaves typed."""

    def __init__(self, service: str, endpoints: Sequence[object], serializer: Any) -> None:
        """Dispatch to what these expose, as `service`."""
        super().__init__(list(endpoints), serializer, messaging.ExplicitRPCAccessPolicy)
        self._service = service

    def dispatch(self, incoming: Any) -> Any:
        """Return what the endpoint answers, serialized; raises ExpectedException."""
        try:
            if incoming.refusal is not None:
                raise incoming.refusal
            call.check(incoming.message)
            # For the logs: what is done about one instance names it on each line.
            instance = incoming.message.get("args", {}).get("instance_uuid")
            incoming.ctxt["instance_uuid"] = instance if call.is_name(instance) else None
            return super().dispatch(incoming)
        except rpc_dispatcher.ExpectedException as expected:
            self._raise_typed(expected.exc_info[1], incoming)
        except Exception as error:
            self._raise_typed(error, incoming)

    def _do_dispatch(self, endpoint: Any, method: str, ctxt: Any, args: Any) -> Any:
        function = getattr(endpoint, method)
        context, taken = self._read(function, ctxt, args)
        return self.serializer.serialize_entity(context, function(context, **taken))

    def _read(self, function: Any, ctxt: Any, args: Any) -> tuple[Any, dict[str, Any]]:
        """Return the context and the arguments; raises Unreadable, IncompatibleObjectVersion."""
        try:
            context = self.serializer.deserialize_context(ctxt)
            taken = {
                name: self.serializer.deserialize_entity(context, argument)
                for name, argument in args.items()
            }
        except (call.Unreadable, object_errors.IncompatibleObjectVersion):
            raise
        except Exception as error:
            problem = f"{type(error).__name__}: {call.brief(str(error))}"
            raise call.Unreadable(f"an argument cannot be read, {problem}") from None
        arguments.check(function, context, taken)
        return context, taken

    def _raise_typed(self, error: BaseException | None, incoming: Any) -> None:
        """Raise ExpectedException, which oslo.messaging sends without logging it again."""
        typed = self._typed(error, incoming)
        if isinstance(typed, errors.BadRequest | errors.UnsupportedVersion):
            sender = incoming.ctxt.get(SENDER)
            whose = "nobody that is known" if sender is None else call.brief(sender)
            LOG.warning("a message from %s is refused: %s", whose, typed)
        try:
            raise typed from None
        except UnderstudyError:
            raise rpc_dispatcher.ExpectedException from None

    def _typed(self, error: BaseException | None, incoming: Any) -> UnderstudyError:
        """Return what crosses; an error that nobody foresaw is logged."""
        match error:
            case UnderstudyError() if type(error).__module__ in WIRE_ERRORS:
                return error
            case call.Unreadable():
                return errors.BadRequest(self._service, str(error))
            case rpc_dispatcher.NoSuchMethod():
                return errors.BadRequest(self._service, f"there is no method {error.method}")
            case rpc_dispatcher.UnsupportedVersion():
                said = f"version {error.version} of its interface"
                return errors.UnsupportedVersion(self._service, said, self._offered())
            case object_errors.IncompatibleObjectVersion():
                return call.unsupported_object(self._service, error)
        method = incoming.message.get("method")
        LOG.error("%s failed in %s", self._service, method, exc_info=error)
        return errors.ServiceUnavailable(
            self._service, f"{method} met an unexpected {type(error).__name__}, see its log"
        )

    def _offered(self) -> str:
        targets = [getattr(endpoint, "target", None) for endpoint in self.endpoints]
        return ", ".join(sorted({(target and target.version) or "1.0" for target in targets}))
