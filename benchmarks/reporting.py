"""How every benchmark is asked and how it answers.

Each prints lines for people; `--json` adds one JSON object as the last line,
for whoever keeps figures over time.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks share."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--json", action="store_true", help="print the figures as one JSON object, the last line"
    )
    return made


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows under their titles, the first column to the left."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        first, *rest = (
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *rest)))


def finish(options: argparse.Namespace, figures: Mapping[str, object]) -> None:
    """Print the figures as the last line, where they were asked for."""
    if options.json:
        print(json.dumps(figures))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def median_ms(work: Callable[[], object], runs: int) -> float:
    """Return the median of the milliseconds that `work` takes, warmed up once."""
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(taken), 3)
