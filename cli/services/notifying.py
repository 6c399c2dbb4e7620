"""Where a conductor's notifications go, if they go anywhere."""

from __future__ import annotations

from contextlib import ExitStack

from understudy.cli.services.configuration import Configuration
from understudy.conductor.options import NOTIFICATIONS
from understudy.rpcapi.notifier import Notifier


def open_notifier(conf: Configuration, name: str, closing: ExitStack) -> Notifier | None:
    """Return what the conductor `name` publishes with; None where [notifications] is off."""
    group = conf[NOTIFICATIONS]
    if not group.enabled:
        return None
    notifier = Notifier.open(
        name, group.transport_url or conf.transport_url, conf=conf, topics=group.topics
    )
    closing.callback(notifier.close)
    return notifier
