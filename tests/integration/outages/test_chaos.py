"""A few of the kills of `make chaos-real`, always in the same order."""

from __future__ import annotations

import contextlib

import testtools

from tests.chaos.real.cloud import ChaosCluster
from tests.chaos.real.run import Run
from tests.integration.support import shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.rabbitmq import RabbitMQ

KILLS = 6
SEED = 1


class RealKillsTest(testtools.TestCase):
    def test_nothing_is_lost_doubled_or_leaked(self) -> None:
        shared.require(self, RabbitMQ, MariaDB, Placement)
        told: list[str] = []
        cluster = self.useFixture(ChaosCluster())
        run = Run(cluster, SEED, told.append)
        with contextlib.closing(run):
            findings = run.go(KILLS)
        self.assertEqual([], findings.lines(), "\n".join(told))
        self.assertEqual(KILLS, run.kills)
        self.assertGreater(run.builds, 0)
