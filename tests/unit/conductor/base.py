"""One cloud for each test, and short ways to a point in a build's life."""

from __future__ import annotations

from typing import Any

import testtools

from tests.unit.conductor.cloud import Cloud, broken, request
from understudy.conductor.bounds import RetryBounds


class CloudTest(testtools.TestCase):
    """`cloud` has three hosts in cell one and two in cell two; builds begin on one-a."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(Cloud())
        self.ledger = self.cloud.ledger
        self.agents = self.cloud.agents

    def allow(self, attempts: int = 2, spare: int = 0, cells: int = 1) -> None:
        self.cloud.bounds = RetryBounds(
            max_attempts=attempts, spare_alternates=spare, max_cells=cells
        )
        self.cloud.kill_again()

    def cast(self, **fields: Any) -> str:
        """An instance whose first attempt was cast to one-a, which has not begun."""
        (uuid,) = self.cloud.build(request(**fields))
        return uuid

    def started(self, **fields: Any) -> str:
        """One that one-a has built, and said nothing of yet."""
        uuid = self.cast(**fields)
        self.agents.work()
        return uuid

    def active(self, **fields: Any) -> str:
        uuid = self.started(**fields)
        self.agents.work()
        return uuid

    def fails_on(self, *hosts: str) -> None:
        self.agents.fault = lambda host, uuid, attempt: broken() if host in hosts else None

    def exhausted(self) -> str:
        """Cell one has given up on it; another cell is allowed."""
        self.allow(attempts=1, cells=2)
        self.fails_on("one-a")
        uuid = self.active()
        self.assertState("EXHAUSTED", uuid)
        return uuid

    def fill(self, *hosts: str) -> None:
        """Leave no room on these hosts."""
        for host in hosts:
            provider = self.cloud.provider(host)
            provider.inventories["VCPU"]["reserved"] = provider.inventories["VCPU"]["total"]

    def settle(self) -> None:
        self.cloud.settle()

    def assertState(self, state: str, uuid: str) -> None:  # noqa: N802
        self.assertEqual(state, self.cloud.shown(uuid).state)

    def assertEnded(self, state: str, *uuids: str) -> None:  # noqa: N802
        """After all has come to rest, they are in this state and every promise was kept."""
        self.cloud.settle()
        for uuid in uuids:
            self.assertState(state, uuid)
        self.assertEqual([], self.cloud.wrongs())
