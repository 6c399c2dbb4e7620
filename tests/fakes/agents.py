"""Agents of all hosts of a cloud, in plain steps: what arrives is done when a test says so.

They keep a journal as real agents do, so a copy of a build is ignored, a report
is repeated until it is answered, and what was torn down is not built any more.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from understudy.objects.fault import Fault
from understudy.objects.orders import Orders
from understudy.rpcapi import errors

Pair = tuple[str, int]


class Conductor(Protocol):
    """What agents call: it raises ServiceUnavailable where nobody answers."""

    def build_started(self, host: str, instance_uuid: str, attempt: int) -> None: ...
    def build_succeeded(self, host: str, instance_uuid: str, attempt: int) -> None: ...
    def build_failed(
        self, host: str, instance_uuid: str, attempt: int, fault: Fault, cleaned: bool
    ) -> None: ...
    def torn_down(self, host: str, instance_uuid: str, attempt: int) -> None: ...


class State(enum.Enum):
    RECEIVED = enum.auto()
    SUCCEEDED = enum.auto()
    FAILED = enum.auto()
    TEARING_DOWN = enum.auto()
    BUILT = enum.auto()
    GONE = enum.auto()


UNFINISHED = (State.RECEIVED, State.SUCCEEDED, State.FAILED, State.TEARING_DOWN)
IN_HAND = (State.RECEIVED, State.SUCCEEDED, State.FAILED)


@dataclass(frozen=True, order=True)
class Tag:
    host: str
    uuid: str
    attempt: int


class FakeAgents:
    """`rpcapi.compute.ComputeClient` for whoever casts, and the hosts behind it.

    `fault` says why an attempt on a host fails, None where it does not. Hosts in
    `silent` do nothing, hear nothing and answer nothing; those in `untidy` leave
    something behind when they fail. `deaf`: so many casts are lost on the way.
    """

    def __init__(self, conductor_of: Callable[[str], Conductor]) -> None:
        self._conductor_of = conductor_of
        self.fault: Callable[[str, str, int], Fault | None] = lambda host, uuid, attempt: None
        self.silent: set[str] = set()
        self.untidy: set[str] = set()
        self.deaf = 0
        self.unreachable = 0
        self.journal: dict[Tag, State] = {}
        self.held: set[Tag] = set()
        self.built: list[Tag] = []

    # What conductors call.

    def build(
        self,
        ctxt: Any,
        agent: str,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: Any,
        selection: Any,
    ) -> None:
        if selection.service_host != host:
            raise AssertionError(f"{host} was sent the build of {selection.service_host}")
        if self._is_lost(host):
            return
        newest = max((t.attempt for t in self._at(host, instance_uuid)), default=0)
        if attempt > newest:
            self.journal[Tag(host, instance_uuid, attempt)] = State.RECEIVED

    def tear_down(
        self,
        ctxt: Any,
        agent: str,
        host: str,
        host_uuid: str,
        instance_uuid: str,
        attempt: int,
    ) -> None:
        if not self._is_lost(host):
            self._tear_down(host, instance_uuid, attempt)

    # What tests call.

    def work(self) -> None:
        """Take each unfinished attempt one step further."""
        for tag, state in sorted(self.journal.items(), key=lambda item: item[0]):
            if state in UNFINISHED and tag.host not in self.silent:
                self._step(tag, state)

    def in_hand(self, host: str) -> list[Pair]:
        """What a heartbeat carries."""
        return [
            (tag.uuid, tag.attempt)
            for tag, state in sorted(self.journal.items(), key=lambda item: item[0])
            if tag.host == host and state in IN_HAND
        ]

    def holds(self, host: str) -> list[Pair]:
        """What a registration carries."""
        made = {(tag.uuid, tag.attempt) for tag in self.held if tag.host == host}
        return sorted(made.union(self.in_hand(host)))

    def carry_out(self, orders: Orders) -> None:
        for host, pairs in orders.tear_down.items():
            for uuid, attempt in pairs:
                self._tear_down(host, uuid, attempt)

    @property
    def busy(self) -> bool:
        return any(
            state in UNFINISHED and tag.host not in self.silent
            for tag, state in self.journal.items()
        )

    def _is_lost(self, host: str) -> bool:
        if self.unreachable:
            self.unreachable -= 1
            raise errors.ServiceUnavailable("compute", "nobody listens")
        if self.deaf:
            self.deaf -= 1
            return True
        return host in self.silent

    def _at(self, host: str, uuid: str) -> list[Tag]:
        return [tag for tag in self.journal if (tag.host, tag.uuid) == (host, uuid)]

    def _tear_down(self, host: str, uuid: str, attempt: int) -> None:
        for tag in {Tag(host, uuid, attempt), *self._at(host, uuid)}:
            if tag.attempt <= attempt:
                self.journal[tag] = State.TEARING_DOWN

    def _step(self, tag: Tag, state: State) -> None:
        conductor = self._conductor_of(tag.host)
        try:
            match state:
                case State.RECEIVED:
                    conductor.build_started(tag.host, tag.uuid, tag.attempt)
                    self._build(tag)
                case State.SUCCEEDED:
                    conductor.build_succeeded(tag.host, tag.uuid, tag.attempt)
                    self.journal[tag] = State.BUILT
                case State.FAILED:
                    self._tell_failure(conductor, tag)
                case _:
                    self.held.discard(tag)
                    conductor.torn_down(tag.host, tag.uuid, tag.attempt)
                    self.journal[tag] = State.GONE
        except (errors.Superseded, errors.InstanceNotFound):
            refused = State.GONE if state is State.TEARING_DOWN else State.TEARING_DOWN
            self.journal[tag] = refused
        except errors.WireError:
            pass  # no answer: said again at the next step

    def _build(self, tag: Tag) -> None:
        self.built.append(tag)
        self.held.add(tag)
        failed = self.fault(tag.host, tag.uuid, tag.attempt) is not None
        if failed and tag.host not in self.untidy:
            self.held.discard(tag)
        self.journal[tag] = State.FAILED if failed else State.SUCCEEDED

    def _tell_failure(self, conductor: Conductor, tag: Tag) -> None:
        fault = self.fault(tag.host, tag.uuid, tag.attempt)
        if fault is None:
            raise AssertionError(f"{tag} failed without a fault")
        cleaned = tag not in self.held
        conductor.build_failed(tag.host, tag.uuid, tag.attempt, fault, cleaned)
        self.journal[tag] = State.GONE if cleaned else State.TEARING_DOWN
