"""Every case, on real servers, and the plainest of them on PostgreSQL too."""

from __future__ import annotations

from tests.functional.cloud import (
    building,
    deleting,
    failing,
    groups,
    hosts,
    leaving_cells,
    messages,
    placement_down,
    racing,
    services,
    silent_cells,
    storm,
)
from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.cloud import CloudSpec
from tests.functional.support.threaded_cloud import ThreadedCloud
from tests.integration.cells.subject import DatabaseServer
from tests.integration.cloud.server_ground import ServerGround
from tests.integration.support import shared


class OnMariaDB(CloudTestCase):
    def server(self) -> DatabaseServer:
        return shared.mariadb(self)

    def make_cloud(self, spec: CloudSpec) -> ThreadedCloud:
        ground = self.useFixture(ServerGround(self, self.server(), list(spec.cells)))
        return self.useFixture(ThreadedCloud(spec, ground))


class OnPostgreSQL(OnMariaDB):
    def server(self) -> DatabaseServer:
        return shared.postgresql(self)


class BuildingTest(OnMariaDB, building.Building):
    pass


class RefusingTest(OnMariaDB, building.Refusing):
    pass


class FailingTest(OnMariaDB, failing.Failing):
    pass


class DeletingTest(OnMariaDB, deleting.Deleting):
    pass


class RacingTest(OnMariaDB, racing.Racing):
    pass


class LeavingCellsTest(OnMariaDB, leaving_cells.LeavingCells):
    pass


class SilentCellsTest(OnMariaDB, silent_cells.SilentCells):
    pass


class PlacementDownTest(OnMariaDB, placement_down.PlacementDown):
    pass


class DyingHostsTest(OnMariaDB, hosts.DyingHosts):
    pass


class ServedHostsTest(OnMariaDB, hosts.ServedHosts):
    pass


class MessagesTest(OnMariaDB, messages.Messages):
    pass


class ServicesTest(OnMariaDB, services.Services):
    pass


class DeadlinesTest(OnMariaDB, services.Deadlines):
    pass


class GroupsTest(OnMariaDB, groups.Groups):
    pass


class StormTest(OnMariaDB, storm.Storm):
    pass


class BuildingOnPostgreSQLTest(OnPostgreSQL, building.Building):
    pass


class LeavingCellsOnPostgreSQLTest(OnPostgreSQL, leaving_cells.LeavingCells):
    pass
