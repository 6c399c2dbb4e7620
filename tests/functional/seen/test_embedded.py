"""What listeners hear, from a cloud in this process."""

from __future__ import annotations

from tests.functional.cloud.subject import OnEmbeddedGround
from tests.functional.seen import notifications


class NotificationsTest(OnEmbeddedGround, notifications.Notifications):
    pass
