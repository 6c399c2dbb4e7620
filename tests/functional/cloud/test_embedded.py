"""Every case, on a cloud in this process."""

from __future__ import annotations

from tests.functional.cloud import building, deleting, failing
from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.cloud import CloudSpec
from tests.functional.support.embedded_cloud import EmbeddedCloud


class OnEmbeddedCloud(CloudTestCase):
    def make_cloud(self, spec: CloudSpec) -> EmbeddedCloud:
        return self.useFixture(EmbeddedCloud(spec))


class BuildingTest(OnEmbeddedCloud, building.Building):
    pass


class RefusingTest(OnEmbeddedCloud, building.Refusing):
    pass


class FailingTest(OnEmbeddedCloud, failing.Failing):
    pass


class DeletingTest(OnEmbeddedCloud, deleting.Deleting):
    pass
