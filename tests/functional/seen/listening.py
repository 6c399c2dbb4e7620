"""A listener for notifications, as any consumer would write one with oslo.messaging."""

from __future__ import annotations

from typing import Any

import fixtures
import oslo_messaging as messaging

from understudy.objects.notification import InstanceNotification
from understudy.rpcapi import embedded as embedded_bus
from understudy.rpcapi.bus import EMBEDDED
from understudy.rpcapi.notifier import EXCHANGE, TOPIC, open_transport


class Listener(fixtures.Fixture):
    """`heard`: every event that came, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[InstanceNotification] = []

    def _setUp(self) -> None:  # noqa: N802
        transport = open_transport(EMBEDDED)
        self.addCleanup(embedded_bus.forget, TOPIC)
        self.addCleanup(transport.cleanup)
        listener = messaging.get_notification_listener(
            transport,
            [messaging.Target(exchange=EXCHANGE, topic=TOPIC)],
            [self],
            executor="threading",
        )
        listener.start()
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
