"""The command line: `python -m tests.chaos --seeds 1000`."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from tests.chaos import runs
from tests.chaos.runs import Tally
from tests.chaos.world import Outcome

CHUNK = 50
"""Seeds that one process takes at a time."""
TELL_EVERY = 5000
"""Seeds between two lines about how far it has come; some chunks."""


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
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes that run worlds"
    )
    return parser.parse_args(argv)


def _all(seeds: range, jobs: int) -> Tally:
    """Run them all, and tell from time to time how far it has come."""
    tally = Tally()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with _workers(jobs) as run_each:
        for part, said in run_each(_chunk, chunks):
            tally.merge(part)
            for words in said:
                _tell(words)
            if tally.seeds % TELL_EVERY == 0 and tally.seeds < len(seeds):
                _tell(f"{tally.seeds} of {len(seeds)} worlds, {len(tally.failed)} went wrong")
    return tally


@contextlib.contextmanager
def _workers(jobs: int) -> Iterator[Callable[..., Iterator[tuple[Tally, list[str]]]]]:
    """Yield what does a thing for each of a list: in this process, if one is enough."""
    if jobs == 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=_begin) as pool:
        yield pool.imap


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
