"""The processes that beat, in either database."""

from tests.unit.cells.base import StoreTest, together


class ServicesTest(StoreTest):
    def test_each_process_is_one_row_whose_silence_is_counted(self) -> None:
        for store in (self.api, self.cell):
            self.assertEqual([], store.services())
            for name in ("b", "a", "b"):
                store.beat_service("conductor", name)
            services = store.services()
            self.assertEqual(
                [("conductor", "a"), ("conductor", "b")],
                [(service.binary, service.name) for service in services],
            )
            self.assertTrue(all(0 <= service.silent_for < 5 for service in services))

    def test_eight_first_beats_at_once_are_one_row(self) -> None:
        outcomes = together(8, lambda _: self.cell.beat_service("compute", "agent"))
        self.assertEqual([None] * 8, outcomes)
        self.assertEqual(1, len(self.cell.services()))
