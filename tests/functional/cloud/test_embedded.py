"""Every case, on a cloud in this process."""

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
from tests.functional.cloud.subject import OnEmbeddedGround


class BuildingTest(OnEmbeddedGround, building.Building):
    pass


class RefusingTest(OnEmbeddedGround, building.Refusing):
    pass


class FailingTest(OnEmbeddedGround, failing.Failing):
    pass


class DeletingTest(OnEmbeddedGround, deleting.Deleting):
    pass


class RacingTest(OnEmbeddedGround, racing.Racing):
    pass


class LeavingCellsTest(OnEmbeddedGround, leaving_cells.LeavingCells):
    pass


class SilentCellsTest(OnEmbeddedGround, silent_cells.SilentCells):
    pass


class PlacementDownTest(OnEmbeddedGround, placement_down.PlacementDown):
    pass


class DyingHostsTest(OnEmbeddedGround, hosts.DyingHosts):
    pass


class ServedHostsTest(OnEmbeddedGround, hosts.ServedHosts):
    pass


class MessagesTest(OnEmbeddedGround, messages.Messages):
    pass


class ServicesTest(OnEmbeddedGround, services.Services):
    pass


class DeadlinesTest(OnEmbeddedGround, services.Deadlines):
    pass


class GroupsTest(OnEmbeddedGround, groups.Groups):
    pass


class StormTest(OnEmbeddedGround, storm.Storm):
    pass
