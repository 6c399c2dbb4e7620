"""Tell stestr which tests take long, for a clone in which none ran yet.

stestr deals tests out to its workers by the times of earlier runs; where it
knows none, it deals blindly, and one worker may be busy twice as long as the
other. `python -m tools.test_times` writes what FILE says as a subunit stream,
for `stestr load`. FILE has one line for each long group of tests that stays in
one worker: its seconds, and one test of it. After a whole run this writes it
anew: `stestr last --subunit | python -m tools.test_times --record`.
"""

from __future__ import annotations

import configparser
import datetime
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import subunit
import testtools
from testtools.testresult.real import TestDict

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "tests/times.txt"

LONG: Final = 5.0
"""Seconds; what takes less may be dealt out blindly."""

Groups = Mapping[str, Iterable[str]]


def group_of(test: str) -> str:
    """Return the group that stestr keeps this test in, as .stestr.conf says."""
    settings = configparser.RawConfigParser()
    settings.read(ROOT / ".stestr.conf")
    found = re.match(settings["DEFAULT"]["group_regex"], test)
    return found[0] if found else test


def read(text: str) -> dict[str, float]:
    """Return the seconds of each test that is named, and of all that stay with it."""
    lines = (line.split() for line in text.splitlines())
    return {test: float(seconds) for seconds, test in lines}


def written(seconds: Mapping[str, float]) -> str:
    """Return what FILE says after tests took so long; the longest of a group stands for it."""
    groups: dict[str, list[str]] = defaultdict(list)
    for test in seconds:
        groups[group_of(test)].append(test)
    return "".join(sorted(_lines(groups, seconds), key=lambda line: line.split()[1]))


def _lines(groups: Groups, seconds: Mapping[str, float]) -> Iterator[str]:
    for tests in groups.values():
        total = sum(seconds[test] for test in tests)
        if total >= LONG:
            yield f"{total:.0f} {max(tests, key=lambda test: seconds[test])}\n"


def stream(seconds: Mapping[str, float], out: BinaryIO) -> None:
    """Write a run in which these tests took so long."""
    result = subunit.StreamResultToBytes(out)
    begun = datetime.datetime.now(datetime.UTC)
    for test, took in seconds.items():
        result.status(test, "inprogress", timestamp=begun)
        result.status(test, "success", timestamp=begun + datetime.timedelta(seconds=took))


def times_in(source: BinaryIO) -> dict[str, float]:
    """Return how many seconds each test of a subunit stream took."""
    found: dict[str, float] = {}

    def note(test: TestDict) -> None:
        begun, ended = test["timestamps"]
        if begun is not None and ended is not None:
            found[test["id"]] = (ended - begun).total_seconds()

    result = testtools.StreamToDict(note)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(source).run(result)
    result.stopTestRun()
    return found


def main(arguments: list[str]) -> None:
    """Write the stream, or the file."""
    if arguments == ["--record"]:
        FILE.write_text(written(times_in(sys.stdin.buffer)))
    else:
        stream(read(FILE.read_text()), sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1:])
