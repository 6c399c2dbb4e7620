"""Tell whoever listens what became of instances, and know that the broker has it.

The messages are those of oslo.messaging's notifier with its driver messagingv2,
for any of its listeners to read. That notifier logs what it cannot send and
goes on; here it is an error, so that what was not sent can be sent again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import oslo_messaging as messaging
from kombu import exceptions as kombu_errors
from oslo_config import cfg
from oslo_utils import timeutils

from understudy.objects.base import Serializer
from understudy.objects.notification import InstanceEvent, InstanceNotification
from understudy.rpcapi import connections, errors, tls
from understudy.rpcapi.bus import driver_options
from understudy.rpcapi.context import ContextSerializer, RequestContext

TOPIC: Final = "understudy_notifications"
EXCHANGE: Final = "understudy_notifications"
_FORMAT: Final = 2.0
_ERRORS: Final = (InstanceEvent.ATTEMPT_FAILED, InstanceEvent.ERROR)


class Notifier:
    """Sends notifications over one transport, in the name of one process."""

    def __init__(self, transport: Any, publisher: str, topics: Sequence[str] = (TOPIC,)) -> None:
        """Take a transport that is open; `open` makes one."""
        self._transport = transport
        self._publisher = publisher
        self._topics = topics
        self._serializer = ContextSerializer(Serializer())

    @classmethod
    def open(
        cls,
        publisher: str,
        transport_url: str,
        *,
        conf: cfg.ConfigOpts | None = None,
        topics: Sequence[str] = (TOPIC,),
    ) -> Notifier:
        """Return a notifier for the process `publisher` on the broker at `transport_url`.

        `conf` holds the operator's options for the driver; None means their defaults.
        """
        return cls(open_transport(transport_url, conf), publisher, topics)

    def publish(self, event: InstanceNotification) -> None:
        """Return once the broker has the event, for every topic.

        Raises ServiceUnavailable where that is not known; then it may arrive all the same.
        """
        event.publisher = self._publisher
        context = RequestContext.of_instance(event.request_id, event.project_id, event.user_id)
        priority = "ERROR" if event.event_type in _ERRORS else "INFO"
        message = {
            "message_id": _same_again(event),
            "publisher_id": self._publisher,
            "event_type": event.event_type,
            "priority": priority,
            "payload": self._serializer.serialize_entity(context, event),
            "timestamp": str(timeutils.utcnow()),
        }
        facts = self._serializer.serialize_context(context)
        for topic in self._topics:
            target = messaging.Target(exchange=EXCHANGE, topic=f"{topic}.{priority.lower()}")
            try:
                self._transport._send_notification(
                    target, facts, message, version=_FORMAT, retry=1
                )
            except (messaging.MessagingException, kombu_errors.KombuError, OSError) as error:
                detail = f"{event.event_type} was not taken: {type(error).__name__}"
                raise errors.ServiceUnavailable("notifications", detail) from None

    def close(self) -> None:
        """Give back all connections."""
        self._transport.cleanup()


def open_transport(transport_url: str, conf: cfg.ConfigOpts | None = None) -> Any:
    """Return a transport for notifications, for a notifier or for a listener."""
    conf = driver_options(transport_url, conf)
    transport = messaging.get_notification_transport(conf, url=tls.demanded(conf, transport_url))
    connections.bound(transport)
    return transport


def _same_again(event: InstanceNotification) -> str:
    """Return the message's id, the same each time that the event is published."""
    return str(uuid.uuid5(uuid.UUID(event.instance_uuid), f"notification-{event.sequence}"))
