"""The last word of `demo` and `replay`: a table for people, one object for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from understudy.cli import figures, replay
from understudy.cli.commands import columns
from understudy.objects import text
from understudy.objects.instance import Instance

_WIDTH = 100


def as_json(counted: figures.Figures | replay.Figures) -> str:
    """Return the figures on one line."""
    return json.dumps(dataclasses.asdict(counted))


def tell_demo(run: figures.Run, stream: TextIO) -> None:
    """Write the figures of a demo, and the story of one rescue."""
    counted = run.figures
    console = _console(stream)
    console.print(
        _table(
            {
                "builds": counted.builds,
                "active": counted.active,
                "error": counted.error,
                "retried": counted.retried,
                "attempts": counted.attempts,
                "alternates used": counted.alternates_used,
                "claims leaked": _or_unknown(counted.claims_leaked),
                "double claims": _or_unknown(counted.double_claims),
                "seconds": f"{counted.seconds:.1f}",
            }
        )
    )
    if run.rescued is not None:
        _tell_story(run.rescued, console)
    _tell_findings(run.findings, counted.unended, "builds", console, audited=run.audited)


def tell_replay(run: replay.Run, stream: TextIO) -> None:
    """Write the figures of a replay, and why requests were refused."""
    counted = run.figures
    console = _console(stream)
    console.print(
        _table(
            {
                "requests": counted.requests,
                "placed": counted.placed,
                "retried": counted.retried,
                "refused": counted.refused,
                **{f"  {reason}": count for reason, count in counted.reasons.items()},
                "claims leaked": counted.claims_leaked,
                "double claims": counted.double_claims,
                "seconds": f"{counted.seconds:.1f}",
            }
        )
    )
    _tell_findings(run.findings, counted.unended, "requests", console)


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, highlight=False)
    # Without a terminal there is no edge to break lines at.
    return console if console.is_terminal else Console(file=stream, highlight=False, width=_WIDTH)


def _table(rows: Mapping[str, object]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(Text(text.printable(name)), Text(text.printable(str(value))))
    return table


def _tell_story(instance: Instance, console: Console) -> None:
    where = text.printable(f"{instance.name} came to life on {instance.service_host}")
    console.print(f"How {where}:", markup=False)
    for attempt in instance.attempts:
        console.print(f"  {columns.attempt_line(attempt)}", markup=False, soft_wrap=True)


def _or_unknown(count: int | None) -> object:
    return "not looked at" if count is None else count


def _tell_findings(
    findings: tuple[str, ...],
    unended: int,
    what: str,
    console: Console,
    *,
    audited: bool = True,
) -> None:
    if unended:
        console.print(f"{unended} {what} have not ended.", style="red")
    for finding in findings:
        console.print(
            f"audit: {text.printable(finding)}", style="red", markup=False, soft_wrap=True
        )
    if not unended and not findings:
        accounted = ", and every claim is accounted for" if audited else ""
        console.print(f"All {what} ended{accounted}.", style="green")
