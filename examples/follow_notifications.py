"""Follow what becomes of instances, from the notifications alone.

    export UNDERSTUDY_TRANSPORT_URL=rabbit://user:password@host:5672/vhost
    python -m examples.follow_notifications --topic billing

Notifications must be turned on ([notifications] enabled), with this topic among
the operator's `topics`: whoever listens to a topic takes its messages away, so
each consumer that must get everything has one of its own.

They come at least once, and those of one instance may come out of order where
it moves between cells. So a consumer keeps, for each instance, the highest
`sequence` that it has acted on, and passes by what is not above it.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from understudy.rpcapi.threads import use_threads

if TYPE_CHECKING:
    from understudy.objects.notification import InstanceNotification


class Follower:
    """An endpoint of oslo.messaging: its methods are called by the message's priority."""

    def __init__(self, until: int | None = None) -> None:
        """Set `done` once `until` instances have ended; None: never."""
        self.done = threading.Event()
        self._until = until
        # A real consumer keeps these on disk, in the transaction that acts on them.
        self._seen: dict[str, int] = {}
        self._ended: set[str] = set()
        self._lock = threading.Lock()

    def info(
        self, ctxt: Any, publisher: str, event_type: str, payload: Any, metadata: Any
    ) -> None:
        """Take what went well; what returns has taken the message, what raises loses it."""
        from understudy.objects.notification import InstanceNotification

        event = InstanceNotification.obj_from_primitive(payload)
        with self._lock:
            if event.sequence > self._seen.get(event.instance_uuid, -1):
                self._seen[event.instance_uuid] = event.sequence
                self._act(event)

    error = info

    def _act(self, event: InstanceNotification) -> None:
        from understudy.objects import states

        where = f" on {event.service_host} in {event.cell_name}" if event.service_host else ""
        fault = f": {event.fault.message}" if event.fault else ""
        print(
            f"{event.name} {event.instance_uuid} {event.event_type} "
            f"attempt {event.attempt}{where}{fault}",
            flush=True,
        )
        if event.state in states.ENDED:
            self._ended.add(event.instance_uuid)
        if self._until is not None and len(self._ended) >= self._until:
            self.done.set()


def main(argv: Sequence[str] | None = None, transport: Any = None) -> int:
    """Follow until interrupted, or until so many have ended. A test hands in a transport."""
    # First of all: it decides what the libraries below use for threads.
    use_threads()
    import oslo_messaging as messaging

    from understudy.rpcapi import notifier

    options = _parser().parse_args(argv)
    mine = transport is None
    transport = transport or notifier.open_transport(options.transport_url)
    follower = Follower(options.until)
    target = messaging.Target(exchange=notifier.EXCHANGE, topic=options.topic or notifier.TOPIC)
    listener = messaging.get_notification_listener(
        transport, [target], [follower], executor="threading"
    )
    listener.start()
    print("following", flush=True)
    try:
        return 0 if follower.done.wait(options.seconds) else 1
    except KeyboardInterrupt:
        return 0
    finally:
        listener.stop()
        listener.wait()
        if mine:
            transport.cleanup()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="follow_notifications", description="Follow instances.")
    parser.add_argument(
        "--transport-url",
        default=os.environ.get("UNDERSTUDY_TRANSPORT_URL"),
        help="where notifications are published (UNDERSTUDY_TRANSPORT_URL)",
    )
    parser.add_argument("--topic", help="the consumer's own topic")
    parser.add_argument("--until", type=int, help="end once so many instances have ended")
    parser.add_argument("--seconds", type=float, help="end after so long at the latest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
