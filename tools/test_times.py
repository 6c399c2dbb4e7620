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
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

import subunit
import testtools
from testtools.testresult.real import TestDict

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "tests/times.txt"

LONG: Final = 5.0
"""Seconds; what takes less may be dealt out blindly."""


def grouping() -> re.Pattern[str]:
    """Return what begins the names that stestr keeps together; what it does not match is alone."""
    settings = configparser.RawConfigParser()
    settings.read(ROOT / ".stestr.conf")
    return re.compile(settings["DEFAULT"]["group_regex"])


def read(text: str) -> dict[str, float]:
    """Return the seconds of each test that is named, and of all that stay with it."""
    lines = (line.split() for line in text.splitlines())
    return {test: float(seconds) for seconds, test in lines}


def written(seconds: Mapping[str, float]) -> str:
    """Return what FILE says after tests took so long; the longest of a group stands for it."""
    pattern = grouping()
    groups: dict[str, list[str]] = defaultdict(list)
    for test in seconds:
        group = pattern.match(test)
        groups[group[0] if group else test].append(test)
    totals = {
        max(tests, key=lambda test: seconds[test]): sum(seconds[test] for test in tests)
        for tests in groups.values()
    }
    return "".join(
        f"{total:.0f} {test}\n" for test, total in sorted(totals.items()) if total >= LONG
    )


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
