"""Worlds are what they are said to be: the same each time, and whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import testtools

from tests.chaos import runs
from tests.chaos.plan import draw
from tests.chaos.seams import ALL

SEED = 7
ROOT = Path(__file__).parents[2]


class SameSeedTest(testtools.TestCase):
    """All that happens follows from the seed."""

    def test_it_goes_the_same_way_twice(self) -> None:
        first, second = runs.run(SEED), runs.run(SEED)
        self.assertGreater(len(first.trace), 100)
        self.assertEqual(first.trace.digest(), second.trace.digest())

    def test_what_was_before_makes_no_difference(self) -> None:
        first = runs.run(SEED)
        runs.run(SEED + 1)
        self.assertEqual(first.trace.digest(), runs.run(SEED).trace.digest())

    def test_it_goes_the_same_way_in_another_process(self) -> None:
        digests = {_digest_elsewhere(hash_seed) for hash_seed in ("0", "1", "2")}
        self.assertEqual({runs.run(SEED).trace.digest()}, digests)

    def test_another_seed_goes_another_way(self) -> None:
        self.assertNotEqual(runs.run(SEED).trace.digest(), runs.run(SEED + 1).trace.digest())

    def test_every_seam_has_its_turn(self) -> None:
        points = [p for seed in range(2 * len(ALL)) for p in draw(seed).faults.points]
        self.assertEqual(set(ALL), {point.seam for point in points if point.stalls is None})
        self.assertEqual(set(ALL), {point.seam for point in points if point.stalls})


def _digest_elsewhere(hash_seed: str) -> str:
    program = (
        "from understudy.rpcapi.threads import use_threads; use_threads()\n"
        f"from tests.chaos import runs; print(runs.run({SEED}).trace.digest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1]
