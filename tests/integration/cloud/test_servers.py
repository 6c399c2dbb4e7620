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
from tests.integration.cloud.subject import OnMariaDB, OnPostgreSQL


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
