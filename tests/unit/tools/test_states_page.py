"""The page of states says what the code says."""

from __future__ import annotations

import re
from itertools import pairwise

import testtools

from tools import states_page
from understudy.cells import mapping_states
from understudy.objects import states

PAGE = states_page.FOLDER.parent / "states.rst"


class StatesPageTest(testtools.TestCase):
    def test_every_included_file_is_up_to_date(self) -> None:
        for name, text in states_page.pages().items():
            self.assertEqual(
                text,
                (states_page.FOLDER / name).read_text(),
                f"{name} differs from the code: run {states_page.COMMAND} and commit the result",
            )

    def test_every_way_on_the_page_is_legal(self) -> None:
        ways = re.findall(r"^    ([A-Z_]+(?: -> [A-Z_]+)+)$", PAGE.read_text(), re.MULTILINE)
        self.assertGreater(len(ways), 4)
        for way in ways:
            for current, wanted in pairwise(way.split(" -> ")):
                states.check(current, wanted)

    def test_the_page_names_what_a_client_waits_for_and_what_a_sweeper_looks_after(self) -> None:
        text = " ".join(PAGE.read_text().split())
        [ended] = re.findall(r"([A-Z_, and]+) are what a client waits for", text)
        [working] = re.findall(r"looks after ([A-Z_, and]+)\.", text)
        self.assertEqual(states.ENDED, set(re.findall(r"[A-Z_]+", ended)))
        self.assertEqual(states.WORKING, set(re.findall(r"[A-Z_]+", working)))

    def test_a_drawing_has_every_move_and_no_other(self) -> None:
        for names, moves in (
            (states.ALL, states.MOVES),
            (mapping_states.ALL, mapping_states.MOVES),
        ):
            drawn: set[tuple[str, str]] = set()
            current = ""
            for line in states_page.draw(names, moves):
                current = line.split(" ")[0] or current
                drawn |= {(current, wanted) for wanted in re.findall(r"--> ([A-Z_]+)", line)}
            self.assertEqual({(a, b) for a in names for b in moves[a]}, drawn)

    def test_every_state_says_what_it_means(self) -> None:
        self.assertEqual(set(), set(states.ALL) - set(states_page.meanings_in(states)))
