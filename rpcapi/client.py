"""Send a service its calls and casts, and let nothing untyped in.

The base of the clients, one for each service. Nothing is tried again: who asks
knows best whether asking again is safe.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Final

import oslo_messaging as messaging
from kombu import exceptions as kombu_errors
from oslo_versionedobjects import exception as object_errors

from understudy.objects.errors import UnderstudyError
from understudy.rpcapi import call, errors, patience, tracing, versions
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.connections import QueueFull
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.message_size import TooLarge

DEFAULT_TIMEOUT: Final = 60.0
"""Seconds that a call waits, unless its caller says otherwise."""
QUEUE_FULL_DELAY: Final = 2.0
"""About how many seconds until a queue that took no more may take some again."""

# MessageUndeliverable is no MessagingException, and no broker at all is kombu's error.
_FAILURES: Final = (
    messaging.MessagingException,
    messaging.MessageUndeliverable,
    kombu_errors.KombuError,
    # An answer that only a newer release can read.
    object_errors.VersionedObjectsException,
    UnderstudyError,
)


class Client:
    """What all clients share; `service` and `version` are set by each.

    Every method raises ServiceUnavailable if its message was not delivered or
    not answered in time, Overloaded if there is more to do than can be done in
    time, PeerTooOld if this bus is pinned to a version without it,
    UnsupportedVersion if it is not and should be, or if the answer is too new to
    be read, BadRequest if the service makes no sense of it or it is too large to
    be sent, and what the endpoint raised.
    """

    service: str
    version: str

    def __init__(
        self,
        bus: Bus,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        come_back: Callable[[float], None] | None = None,
    ) -> None:
        """Talk to the service on `bus`; a call waits `timeout` seconds for its answer.

        Who is told to come back waits with `come_back`, which takes seconds, and
        asks again within that time; without it, Overloaded is raised at once.
        """
        self._timeout = timeout
        self._come_back = come_back
        self._pinned = versions.cap(self.service, bus.release)
        self._rpc = messaging.get_rpc_client(
            bus.transport,
            messaging.Target(topic=bus.topic(self.service), version=self.version),
            version_cap=self._pinned,
            serializer=bus.serializer(),
            # One reconnect, for a pooled connection may be dead since the broker restarted.
            retry=1,
            transport_options=messaging.TransportOptions(at_least_once=True),
        )

    def _knows(self, version: str) -> bool:
        """May this version of the interface be sent to every peer?"""
        return bool(self._rpc.can_send_version(version))

    def _call(
        self,
        ctxt: RequestContext,
        method: str,
        *,
        since: str = "1.0",
        timeout: float | None = None,
        **arguments: Any,
    ) -> Any:
        """Return what `method` answers; it exists since version `since`.

        The message expires in the broker after `timeout` seconds too.
        """
        left = self._timeout if timeout is None else timeout
        until = time.monotonic() + left
        while True:
            try:
                return self._ask(ctxt, method, since, left, arguments)
            except errors.Overloaded as overloaded:
                left = until - time.monotonic() - overloaded.retry_after_seconds
                if self._come_back is None or left <= 0:
                    raise
                self._come_back(overloaded.retry_after_seconds)

    def _ask(
        self, ctxt: RequestContext, method: str, since: str, wait: float, arguments: dict[str, Any]
    ) -> Any:
        try:
            with tracing.following(ctxt.request_id), patience.within(wait):
                prepared = self._rpc.prepare(version=since, timeout=wait)
                return prepared.call(ctxt, method, **arguments)
        except messaging.MessagingTimeout:
            raise errors.ServiceUnavailable(
                self.service, f"no answer to {method} within {wait:g} s"
            ) from None
        except _FAILURES as error:
            raise self._typed(error, method, since) from None

    def _cast(
        self,
        ctxt: RequestContext,
        method: str,
        *,
        since: str = "1.0",
        server: str | None = None,
        **arguments: Any,
    ) -> None:
        """Hand `method` to the broker, for the process `server` or any of the service."""
        target = {} if server is None else {"server": server}
        try:
            with tracing.following(ctxt.request_id):
                self._rpc.prepare(version=since, **target).cast(ctxt, method, **arguments)
        except _FAILURES as error:
            raise self._typed(error, method, since) from None

    def _typed(self, error: Exception, method: str, needed: str) -> UnderstudyError:
        if isinstance(error, UnderstudyError):
            return without_traceback(error)
        match error:
            case messaging.RPCVersionCapError():
                return errors.PeerTooOld(self.service, needed, self._pinned)
            case object_errors.IncompatibleObjectVersion():
                return call.unsupported_object(f"who asked {self.service} for {method}", error)
            case QueueFull():
                # Not all at once.
                return errors.Overloaded(self.service, QUEUE_FULL_DELAY * random.uniform(0.5, 1.5))
            case TooLarge():
                return errors.BadRequest(self.service, str(error))
            case messaging.MessageUndeliverable():
                detail = f"nobody listens for {method}"
            case _:
                detail = f"{method} failed with {type(error).__name__}: {_line(error)}"
        return errors.ServiceUnavailable(self.service, detail)


def without_traceback(error: UnderstudyError) -> UnderstudyError:
    """Return the error as its own class.

    oslo.messaging rebuilds it as a subclass whose str() is the far side's traceback.
    """
    if not type(error).__module__.endswith("_Remote"):
        return error
    original: type[UnderstudyError] = type(error).__mro__[1]
    return original(*error.args)


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
