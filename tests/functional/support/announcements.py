"""What the conductors of a cloud under test publish with, and when one dies at it."""

from __future__ import annotations

from understudy.objects.notification import InstanceNotification
from understudy.rpcapi.notifier import Notifier


class Announcements:
    """Which publisher dies, for all conductors of a cloud."""

    def __init__(self) -> None:
        """Begin with none."""
        self._fatal: set[str] = set()

    def kill_after(self, event_type: str) -> None:
        """Let who publishes the next event of this type die before it can note that it did."""
        self._fatal.add(event_type)

    def published(self, event: InstanceNotification) -> None:
        """Raise SystemExit, at which a thread ends without a word, if this was the one."""
        if event.event_type in self._fatal:
            self._fatal.remove(event.event_type)
            raise SystemExit("killed, as planned")


class MortalNotifier:
    """A notifier whose process may die once the broker has the event."""

    def __init__(self, inner: Notifier, announcements: Announcements) -> None:
        """Publish with `inner`."""
        self._inner = inner
        self._announcements = announcements

    def publish(self, event: InstanceNotification) -> None:
        """Publish, and die if that was planned."""
        self._inner.publish(event)
        self._announcements.published(event)
