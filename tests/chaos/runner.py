"""The command line: `python -m tests.chaos --seeds 1000`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence

from tests.chaos import runs
from tests.chaos.runs import Tally
from tests.chaos.world import Outcome

CHUNK = 50
"""Seeds that one process takes at a time."""


def main(argv: Sequence[str]) -> int:
    """Run what is asked for; 1 where a promise was not kept."""
    options = _options(argv)
    if options.seed is not None:
        return _show(options.seed, trace=options.trace)
    seeds = range(options.first, options.first + options.seeds)
    tally, seconds = runs.timed(lambda: _all(seeds, options.jobs))
    _tell(tally.as_json(seconds))
    return 1 if tally.failed else 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first one's seed")
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: show what happened")
    parser.add_argument("--jobs", type=int, default=1, help="processes that run worlds")
    return parser.parse_args(argv)


def _all(seeds: range, jobs: int) -> Tally:
    if jobs == 1:
        return runs.run_all(seeds, _tell)
    tally = Tally()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=_begin) as pool:
        for part, said in pool.imap(_chunk, chunks):
            tally.merge(part)
            for words in said:
                _tell(words)
    return tally


def _begin() -> None:
    from understudy.rpcapi.threads import use_threads

    use_threads()


def _chunk(seeds: range) -> tuple[Tally, list[str]]:
    said: list[str] = []
    return runs.run_all(seeds, said.append), said


def _tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _show(seed: int, *, trace: bool) -> int:
    tally = Tally()

    def one() -> Tally:
        outcome = runs.run(seed, with_logs=trace)
        tally.add(outcome)
        if trace:
            _print_trace(outcome)
        if outcome.violations:
            _tell(runs.described(outcome))
        return tally

    _, seconds = runs.timed(one)
    _tell(tally.as_json(seconds))
    return 1 if tally.failed else 0


def _print_trace(outcome: Outcome) -> None:
    for line in outcome.trace.readable():
        _tell(line)
    _tell(f"sha256 {outcome.trace.digest()}")
