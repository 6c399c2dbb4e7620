"""The legal moves of an instance's mapping."""

import itertools

import testtools

from understudy.cells import mapping_states
from understudy.objects.errors import IllegalMove


class MappingStatesTest(testtools.TestCase):
    def test_what_is_in_the_table_is_legal_and_nothing_else(self) -> None:
        for current, wanted in itertools.product(mapping_states.ALL, repeat=2):
            if wanted in mapping_states.MOVES[current]:
                mapping_states.check(current, wanted)
            else:
                self.assertRaises(IllegalMove, mapping_states.check, current, wanted)

    def test_everything_but_deletes_can_be_deleted(self) -> None:
        self.assertEqual(
            ("ACCEPTED", "MAPPED", "HANDING_OVER", "ERROR"),
            mapping_states.sources(mapping_states.DELETING),
        )

    def test_nothing_comes_after_deleted(self) -> None:
        self.assertEqual(frozenset(), mapping_states.MOVES[mapping_states.DELETED])
