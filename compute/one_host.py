"""What drivers share whose agent serves the one machine that it runs on."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from understudy.compute.driver import BuildFault
from understudy.objects.errors import UnderstudyError
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame
from understudy.objects.host import Host, Provider
from understudy.objects.selection import Selection

LOG = logging.getLogger(__name__)

NEEDED: Final = ("VCPU", "MEMORY_MB")
"""What no virtual machine can do without."""
_LONGEST_MESSAGE: Final = 1000
_LONGEST_NAME: Final = 255
"""Bytes, on any file system of Linux."""

_S = TypeVar("_S", bound="HostSettings")


class WrongHost(UnderstudyError):
    """The agent was asked about a host that it does not serve."""


class NotOurs(UnderstudyError):
    """Something was made for another host; it is left as it is."""

    def __init__(self, what: str, problem: str) -> None:
        """Keep what it is and why it is not ours."""
        super().__init__(what, problem)
        self.what = what
        self.problem = problem

    def __str__(self) -> str:
        """Say what to do."""
        return (
            f"{self.what} {self.problem}, and is left as it is; give the agent that host's "
            "identity file back, or remove it by hand"
        )


class Strangers:
    """Says of each thing that is not the host's once that it is left."""

    def __init__(self, name: str) -> None:
        """Take the name of the host."""
        self._name = name
        self._said: set[str] = set()

    def found(self, error: NotOurs) -> None:
        """Log it, if it is new."""
        if error.what not in self._said:
            self._said.add(error.what)
            LOG.warning("Not of the host %s: %s", self._name, error)


@dataclass(frozen=True, kw_only=True)
class HostSettings:
    """What an operator may say about the machine, in any such driver's file."""

    reserved: Mapping[str, int] = field(default_factory=lambda: {"MEMORY_MB": 512})
    allocation_ratios: Mapping[str, float] = field(default_factory=dict)
    traits: Sequence[str] = ()
    availability_zone: str | None = None
    failure_domain: str | None = None


def read_settings(kind: type[_S], path: Path | None) -> _S:
    """Return what the YAML file says; without one, the defaults.

    Raises OSError, yaml.YAMLError, or TypeError for a key that is not known.
    """
    if path is None:
        return kind()
    described: dict[str, Any] = yaml.safe_load(path.read_text()) or {}
    return kind(**described)


def check(name: str, host: str) -> None:
    """Raise WrongHost unless the host asked about is the one served."""
    if host != name:
        raise WrongHost(
            f"this agent serves {name} and no {host}: give it back its old name, "
            "[compute] agent, until nothing is in hand under that"
        )


def is_plain_name(name: str) -> bool:
    """Is it the name of something in a folder or a pool, and leads nowhere else?"""
    return (
        name.isprintable()
        and "/" not in name
        and name not in {"", ".", ".."}
        and len(name.encode()) <= _LONGEST_NAME
    )


def describe(
    name: str,
    host_uuid: str,
    totals: Mapping[str, int],
    traits: Collection[str],
    settings: HostSettings,
) -> Host:
    """Return the host called `name`, with one provider that has these totals."""
    root = Provider(
        uuid=host_uuid,
        name=name,
        inventories=inventories(totals, settings),
        traits=sorted({*traits, *settings.traits}),
    )
    return Host(
        name=name,
        nodename=name,
        compute_node_uuid=root.uuid,
        agent=name,
        availability_zone=settings.availability_zone,
        failure_domain=settings.failure_domain,
        providers=[root],
    )


def inventories(totals: Mapping[str, int], settings: HostSettings) -> dict[str, dict[str, float]]:
    """Return the inventories of a host with these totals; a class without any is left out."""
    found: dict[str, dict[str, float]] = {}
    for name, total in totals.items():
        if total < 1:
            continue
        found[name] = {"total": total, "max_unit": total}
        if settings.reserved.get(name):
            found[name]["reserved"] = min(settings.reserved[name], total)
        if name in settings.allocation_ratios:
            found[name]["allocation_ratio"] = settings.allocation_ratios[name]
    return found


def claimed(name: str, host: str, selection: Selection) -> Mapping[str, int]:
    """Return what the claim holds for the instance, over all providers.

    Raises BuildFault where it is for another host, or lacks what is NEEDED.
    """
    if host != name:
        raise fault("unknown-host", Blame.HOST, f"this agent serves no {host}")
    amounts: Counter[str] = Counter()
    for resources in selection.allocations.values():
        amounts.update(resources)
    for needed in NEEDED:
        if not amounts[needed]:
            raise fault("not-claimed", Blame.REQUEST, f"every instance needs {needed}: ask for it")
    return amounts


def fault(code: str, blames: str, message: str) -> BuildFault:
    """Return the error that a build ends with, its message cut to what travels."""
    return BuildFault(Fault(code=code, blames=blames, message=message[:_LONGEST_MESSAGE]))
