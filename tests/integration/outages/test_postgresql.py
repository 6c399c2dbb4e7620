"""The same cloud with its databases in PostgreSQL: does it build, retry and delete?"""

from __future__ import annotations

import uuid

import testtools

from tests.integration.support import shared
from tests.integration.support.cluster import Cluster
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.postgresql import PostgreSQL
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.waiting import wait_until
from understudy.cli.manage import auditing
from understudy.cli.remote import RemoteCloud
from understudy.objects import states
from understudy.objects.build_request import BuildRequest

BROKEN = "cell1-host01"


class PostgreSQLCluster(Cluster):
    database_server = PostgreSQL


class PostgreSQLTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        shared.require(self, RabbitMQ, MariaDB, PostgreSQL, Placement)
        planned = PostgreSQLCluster(cells=1, hosts=3, broken=frozenset({BROKEN}))
        self.cluster = self.useFixture(planned)
        self.cloud = RemoteCloud(None, self.cluster.transport_url)
        self.addCleanup(self.cloud.close)

    def test_it_builds_retries_and_deletes(self) -> None:
        request = BuildRequest(
            request_id=str(uuid.uuid4()),
            name="vm",
            count=6,
            resources={"VCPU": 1},
            max_attempts=3,
            project_id="p",
            user_id="u",
        )
        client, context = self.cloud.client, self.cloud.context()
        client.build(context, request)
        built = client.wait(context, request.request_id, 60).instances
        self.assertEqual({states.ACTIVE}, {instance.state for instance in built})
        self.assertNotIn(BROKEN, {instance.service_host for instance in built})
        self.assertNotEqual([], [instance for instance in built if instance.attempt > 1])
        client.cancel(context, request.request_id)
        wait_until(lambda: self.all_deleted(request), "the deletes")
        file = self.cluster.conductor.scratch / "operator.conf"
        file.write_text(self.cluster.operator_file())
        found = auditing.audit(str(file))
        self.assertEqual(([], []), (list(found.leaked), list(found.doubled)))

    def all_deleted(self, request: BuildRequest) -> bool:
        result = self.cloud.client.result(self.cloud.context(), request.request_id)
        return {instance.state for instance in result.instances} == {states.DELETED}
