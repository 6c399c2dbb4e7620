"""The cases of a whole cloud, each on ground of its own."""

from __future__ import annotations

from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.cloud import CloudSpec
from tests.functional.support.ground import EmbeddedGround, Ground
from tests.functional.support.threaded_cloud import ThreadedCloud


class OnGround(CloudTestCase):
    """A case whose cloud stands on `ground`; a subclass says which."""

    ground: Ground

    def make_ground(self, spec: CloudSpec) -> Ground:
        """Return ground for a cloud of this description, not set up yet."""
        raise NotImplementedError

    def make_cloud(self, spec: CloudSpec) -> ThreadedCloud:
        self.ground = self.useFixture(self.make_ground(spec))
        return self.useFixture(ThreadedCloud(spec, self.ground))


class OnEmbeddedGround(OnGround):
    """On parts in this process."""

    def make_ground(self, spec: CloudSpec) -> EmbeddedGround:
        return EmbeddedGround(spec)
