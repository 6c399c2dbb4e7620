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
from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.cloud import CloudSpec
from tests.functional.support.ground import EmbeddedGround
from tests.functional.support.threaded_cloud import ThreadedCloud


class OnEmbeddedCloud(CloudTestCase):
    def make_cloud(self, spec: CloudSpec) -> ThreadedCloud:
        ground = self.useFixture(EmbeddedGround(list(spec.cells)))
        return self.useFixture(ThreadedCloud(spec, ground))


class BuildingTest(OnEmbeddedCloud, building.Building):
    pass


class RefusingTest(OnEmbeddedCloud, building.Refusing):
    pass


class FailingTest(OnEmbeddedCloud, failing.Failing):
    pass


class DeletingTest(OnEmbeddedCloud, deleting.Deleting):
    pass


class RacingTest(OnEmbeddedCloud, racing.Racing):
    pass


class LeavingCellsTest(OnEmbeddedCloud, leaving_cells.LeavingCells):
    pass


class SilentCellsTest(OnEmbeddedCloud, silent_cells.SilentCells):
    pass


class PlacementDownTest(OnEmbeddedCloud, placement_down.PlacementDown):
    pass


class DyingHostsTest(OnEmbeddedCloud, hosts.DyingHosts):
    pass


class ServedHostsTest(OnEmbeddedCloud, hosts.ServedHosts):
    pass


class MessagesTest(OnEmbeddedCloud, messages.Messages):
    pass


class ServicesTest(OnEmbeddedCloud, services.Services):
    pass


class DeadlinesTest(OnEmbeddedCloud, services.Deadlines):
    pass


class GroupsTest(OnEmbeddedCloud, groups.Groups):
    pass


class StormTest(OnEmbeddedCloud, storm.Storm):
    pass
