"""Where a cloud in one process keeps what outlives it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.cli.bad_input import BadInput
from understudy.objects.host import Host


@dataclass(frozen=True, slots=True)
class CloudPlan:
    """What a cloud is made of: hosts by cell, which of them are broken, and the seed."""

    cells: Mapping[str, Sequence[Host]]
    broken: frozenset[str]
    seed: int


class StateDir:
    """The files of one cloud, below one directory."""

    def __init__(self, root: Path) -> None:
        """Use `root`, which must exist."""
        self.root = root

    @property
    def placement(self) -> str:
        """Placement's database file."""
        return str(self.root / "placement.sqlite")

    def database_url(self, name: str) -> str:
        """Return the URL of the API database ("api") or of a cell's."""
        return f"sqlite:///{self.root / name}.sqlite"

    def journal(self, agent: str) -> Path:
        """Return the journal of an agent."""
        return self.root / f"{agent}.journal"

    def holdings(self, agent: str) -> Path:
        """Return the folder of what an agent's hosts hold."""
        return self.root / f"{agent}.held"

    def write_plan(self, plan: CloudPlan) -> None:
        """Write down what the cloud is made of."""
        text = json.dumps(
            {
                "cells": {
                    name: [host.obj_to_wire() for host in hosts]
                    for name, hosts in plan.cells.items()
                },
                "broken": sorted(plan.broken),
                "seed": plan.seed,
            }
        )
        self._plan_file.write_text(text, encoding="utf-8")

    def read_plan(self) -> CloudPlan:
        """Return what was written. Raises BadInput where no cloud is kept here."""
        try:
            plan = json.loads(self._plan_file.read_text(encoding="utf-8"))
            cells = {
                name: [Host.obj_from_primitive(host) for host in hosts]
                for name, hosts in plan["cells"].items()
            }
            return CloudPlan(cells, frozenset(plan["broken"]), int(plan["seed"]))
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(
                str(self._plan_file),
                "",
                f"it does not say what the cloud is made of ({type(error).__name__})",
                "name a directory that understudy demo --state-dir or replay --state-dir made",
            ) from error

    @property
    def _plan_file(self) -> Path:
        return self.root / "cloud.json"
