"""`understudy-manage status upgrade-check` and `config check`: may it be started?"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from understudy.cli.bad_input import BadInput
from understudy.cli.manage import base, cells, databases

if TYPE_CHECKING:
    from understudy.cells.api_store import ApiStore
    from understudy.cells.records import CellRecord
    from understudy.cli.services.configuration import Configuration
    from understudy.cli.services.launching import Kind

OK: Final = "ok"
FAILURE: Final = 2


class UpgradeCheck(base.ManageLister):
    """See whether databases and Placement are ready for this release: 0 if so, 2 if not."""

    def take_action(self, parsed_args: argparse.Namespace) -> base.Table:
        """Try each."""
        from understudy.cli.services import checks

        conf = self.configuration(checks.api_database, checks.placement)
        rows: list[base.Row] = []
        with self.api() as api:
            rows.append(("API database", _try(lambda: _api_database(api))))
            rows.append(("Placement", _try(lambda: _placement(conf))))
            rows += [(f"cell {cell.name}", cells.try_database(cell)) for cell in _cells(api)]
        self.exit_code = FAILURE if any(result != OK for _, result in rows) else 0
        return ("Check", "Result"), rows


class ConfigCheck(base.ManageCommand):
    """Read a configuration as a service would, and name what is wrong or of no effect."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the service."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "service", choices=["scheduler", "super-conductor", "cell-conductor", "compute"]
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Check it."""
        from understudy.cli.services import configuration

        kind = _kind(parsed_args.service)
        conf = configuration.read(kind.prog, self.arguments(), kind.checks)
        found = [*unknown_options(conf), *odd_values(conf, parsed_args.service)]
        self.say(*(found or [f"{kind.prog} can start with it"]))
        return FAILURE if found else 0


def unknown_options(conf: Configuration) -> Iterator[str]:
    """Yield what stands in a group of ours and is no option of it."""
    from understudy.cli import options
    from understudy.ledger import options as ledger_options

    known: dict[str, set[str]] = {}
    for group, found in options.registered():
        known.setdefault(group, set()).update(option.dest for option in found)
    for group in ("DEFAULT", ledger_options.GROUP):
        # Others have options there too.
        known.pop(group)
    for path in conf.files():
        group = ""
        for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
            heading = re.match(r"\s*\[(.*)\]\s*$", line)
            named = re.match(r"([A-Za-z0-9_-]+)\s*[=:]", line)
            if heading:
                group = heading.group(1)
            elif named and named.group(1).replace("-", "_") not in known.get(
                group, {named.group(1).replace("-", "_")}
            ):
                yield str(
                    BadInput(
                        f"{path}:{number}",
                        f"[{group}] {named.group(1)}",
                        "there is no such option",
                        "take it out, or see etc/understudy.conf.sample for its name",
                    )
                )


def odd_values(conf: Configuration, service: str) -> Iterator[str]:
    """Yield values that are fine alone and not together."""
    conductor, retries = conf.conductor, conf.retries
    pairs: list[tuple[bool, str, str, str, str]] = []
    if service == "compute":
        pairs.append(
            (
                conf.compute.heartbeat_seconds * 3 > conductor.host_down_time,
                "compute",
                "heartbeat_seconds",
                "it is more than a third of [conductor] host_down_time",
                "lower it, or raise the other on the cell's conductor",
            )
        )
    if service in ("super-conductor", "cell-conductor"):
        pairs += [
            (
                conductor.settle_time < 2 * conf.placement.read_timeout,
                "conductor",
                "settle_time",
                "it is less than twice [placement] read_timeout",
                "raise it",
            ),
            (
                conductor.lease < 2 * conf.scheduler.answer_within,
                "conductor",
                "lease",
                "it is less than twice [scheduler] answer_within",
                "raise it",
            ),
            (
                conductor.service_down_time < 3 * conductor.beat_interval,
                "conductor",
                "service_down_time",
                "it is less than three heartbeats",
                "raise it",
            ),
        ]
    if service == "super-conductor":
        pairs.append(
            (
                retries.deadline <= conductor.host_down_time,
                "retries",
                "deadline",
                "it passes before a host is found down",
                "raise it above [conductor] host_down_time",
            )
        )
    for wrong, group, name, problem, remedy in pairs:
        if wrong:
            yield str(conf.refuse(group, name, problem, remedy))


def _kind(service: str) -> Kind:
    from understudy.cli.services import compute, conductor, scheduler

    kinds: dict[str, Callable[[], Kind]] = {
        "scheduler": scheduler.kind,
        "super-conductor": conductor.kind_of_super,
        "cell-conductor": conductor.kind_of_named_cell,
        "compute": compute.kind,
    }
    return kinds[service]()


def _try(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:
        return base.one_line(error)


def _cells(api: ApiStore) -> list[CellRecord]:
    try:
        return api.cells()
    except Exception:
        # Told as the API database's own failure.
        return []


def _api_database(api: ApiStore) -> str:
    from understudy.cells import schema

    api.ping()
    found = schema.version(api.database.engine)
    return databases.not_newest(found, schema.Tree.API, "api-db sync") or OK


def _placement(conf: Configuration) -> str:
    from understudy.ledger import options as ledger_options

    unknown = ledger_options.connect(conf).vocabulary.unknown_resource_classes(["VCPU"])
    return f"it does not know {', '.join(unknown)}" if unknown else OK
