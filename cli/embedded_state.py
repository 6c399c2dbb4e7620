"""Where a cloud in one process keeps what outlives it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from understudy.cli import private
from understudy.cli.bad_input import BadInput
from understudy.compute.fault_plan import FaultPlan
from understudy.objects.fault import Fault
from understudy.objects.host import Host


@dataclass(frozen=True, slots=True)
class CloudPlan:
    """What a cloud is made of: its hosts by cell, and what goes wrong on them."""

    cells: Mapping[str, Sequence[Host]]
    faults: FaultPlan


class StateDir:
    """The files of one cloud, below one directory."""

    def __init__(self, root: Path) -> None:
        """Use `root`, which must exist."""
        self.root = root

    @classmethod
    def make(cls, root: Path) -> StateDir:
        """Return one below `root`, which is its user's alone from now on."""
        private.folder(root)
        return cls(root)

    @property
    def placement(self) -> str:
        """Placement's database file."""
        return str(self._private("placement.sqlite"))

    def database_url(self, name: str) -> str:
        """Return the URL of the API database ("api") or of a cell's ("cell-NAME")."""
        return f"sqlite:///{self._private(f'{name}.sqlite')}"

    def journal(self, agent: str) -> Path:
        """Return the journal of an agent."""
        return self._private(f"{agent}.journal")

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
                "faults": _faults_to_json(plan.faults),
            }
        )
        private.file(self._plan_file)
        self._plan_file.write_text(text, encoding="utf-8")

    def read_plan(self) -> CloudPlan:
        """Return what was written. Raises BadInput where no cloud is kept here."""
        try:
            plan = json.loads(self._plan_file.read_text(encoding="utf-8"))
            cells = {
                name: [Host.obj_from_primitive(host) for host in hosts]
                for name, hosts in plan["cells"].items()
            }
            return CloudPlan(cells, _faults_from_json(plan["faults"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                str(self._plan_file),
                "",
                f"it does not say what the cloud is made of ({type(error).__name__})",
                "name a directory that demo or replay made with --state-dir",
            ) from error

    def _private(self, name: str) -> Path:
        private.file(self.root / name)
        return self.root / name

    @property
    def _plan_file(self) -> Path:
        return self.root / "cloud.json"


_OF_FAULTS = ("hosts", "images")
_OF_FAULT = ("rate_fault",)
_SETS = ("destroy_hosts",)


def _faults_to_json(plan: FaultPlan) -> dict[str, Any]:
    said = {field.name: getattr(plan, field.name) for field in fields(plan)}
    for name in _OF_FAULTS:
        said[name] = {key: fault.obj_to_wire() for key, fault in said[name].items()}
    for name in _OF_FAULT:
        said[name] = said[name].obj_to_wire()
    for name in _SETS:
        said[name] = sorted(said[name])
    return {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in said.items()
    }


def _faults_from_json(said: dict[str, Any]) -> FaultPlan:
    for name in _OF_FAULTS:
        said[name] = {key: Fault.obj_from_primitive(fault) for key, fault in said[name].items()}
    for name in _OF_FAULT:
        said[name] = Fault.obj_from_primitive(said[name])
    for name in _SETS:
        said[name] = frozenset(said[name])
    return FaultPlan(**said)
