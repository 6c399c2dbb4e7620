from __future__ import annotations

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase
from understudy.compute import build_log
from understudy.compute.build_log import Event
from understudy.compute.tags import Tag


class BuildLogTest(AgentTestCase):
    def test_it_is_read_as_it_was_written(self) -> None:
        path = self.folder() / "builds.log"
        note = build_log.to_file(path)
        said = [(Event.BEGUN, Tag("host-a", VM, 1)), (Event.FAILED, Tag("host-a", VM, 1))]
        for event, tag in said:
            note(event, tag)
        build_log.to_file(path)(Event.BEGUN, Tag("host-b", OTHER_VM, 2))
        noted = build_log.read(path)
        self.assertEqual(
            [*said, (Event.BEGUN, Tag("host-b", OTHER_VM, 2))],
            [(one.event, one.tag) for one in noted],
        )
        self.assertEqual(sorted(one.at for one in noted), [one.at for one in noted])

    def test_what_was_never_written_is_empty(self) -> None:
        self.assertEqual([], build_log.read(self.folder() / "builds.log"))
