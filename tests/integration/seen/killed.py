"""A conductor that is killed between publishing and noting it: a process, and SIGKILL."""

from __future__ import annotations

import sqlalchemy as sa

from tests.functional.seen.listening import Listener
from tests.integration.support import shared
from tests.integration.support.service import Service, at_placement
from tests.integration.support.waiting import wait_until
from tests.unit.cells import base
from understudy.cells.tables_cell import notifications
from understudy.objects.notification import InstanceEvent
from understudy.rpcapi.notifier import open_transport

EVENTS = [InstanceEvent.SELECTED, InstanceEvent.ATTEMPT_FAILED, InstanceEvent.ERROR]
LEASE = 1
"""Seconds of the turn that the killed one leaves behind."""


class Killed(base.CellTest):
    """The rows are locked, so that what was published cannot be noted before the kill."""

    announces = True

    def setUp(self) -> None:
        super().setUp()
        self.bus_url = shared.vhost(self, "one")
        self.listener = self.useFixture(Listener([open_transport(self.bus_url)]))
        self.conductor = Service(
            "conductor",
            {
                "DEFAULT": {"transport_url": self.bus_url, "host": "one"},
                "cell_database": {"connection": self.databases.urls["one"]},
                "placement": at_placement(shared.placement(self).url),
                "conductor": {"lease": LEASE},
                "notifications": {"enabled": True, "interval": 0.1},
            },
            "--cell=one",
        )

    def heard(self) -> list[str]:
        return [event.event_type for event in self.listener.of(self.instance)]

    def test_what_it_published_comes_again(self) -> None:
        self.instance = self.error("h1").uuid
        with self.cell.database.engine.connect() as rival:
            rival.execute(sa.select(notifications.c.id).with_for_update())
            self.useFixture(self.conductor)
            wait_until(lambda: len(self.heard()) == len(EVENTS), "all to be published")
            self.conductor.kill()
        self.assertEqual((EVENTS, len(EVENTS)), (self.heard(), self.cell.outbox.count()))
        self.conductor.start()
        wait_until(lambda: self.cell.outbox.count() == 0, "the outbox to be empty")
        wait_until(lambda: len(self.heard()) == 2 * len(EVENTS), "the events to come again")
        self.assertEqual(2 * EVENTS, self.heard())
        sequences = [event.sequence for event in self.listener.heard]
        self.assertEqual(2 * sequences[: len(EVENTS)], sequences)
