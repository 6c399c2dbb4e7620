"""A listener for notifications, as any consumer would write one with oslo.messaging."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import fixtures
import oslo_messaging as messaging

from understudy.objects.notification import InstanceNotification
from understudy.rpcapi.notifier import EXCHANGE, TOPIC


class Listener(fixtures.Fixture):
    """`heard`: every event that came, in the order in which they came."""

    def __init__(self, transports: Iterable[Any]) -> None:
        """Listen on these transports for notifications, and close them in the end."""
        super().__init__()
        self.heard: list[InstanceNotification] = []
        self._transports = transports

    def _setUp(self) -> None:  # noqa: N802
        for transport in self._transports:
            self._listen(transport)

    def _listen(self, transport: Any) -> None:
        self.addCleanup(transport.cleanup)
        listener = messaging.get_notification_listener(
            transport,
            [messaging.Target(exchange=EXCHANGE, topic=TOPIC)],
            [self],
            executor="threading",
        )
        # One after another, as they come.
        listener.start(override_pool_size=1)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.stop)

    def info(self, ctxt: Any, publisher: str, event: str, payload: Any, metadata: Any) -> None:
        self._hear(publisher, event, payload)

    def error(self, ctxt: Any, publisher: str, event: str, payload: Any, metadata: Any) -> None:
        self._hear(publisher, event, payload)

    def _hear(self, publisher: str, event: str, payload: Any) -> None:
        heard = InstanceNotification.obj_from_primitive(payload)
        assert (publisher, event) == (heard.publisher, heard.event_type)
        self.heard.append(heard)

    def of(self, instance_uuid: str) -> list[InstanceNotification]:
        """What came of one instance."""
        return [event for event in self.heard if event.instance_uuid == instance_uuid]
