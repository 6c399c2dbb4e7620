"""A cell conductor that keeps instances in memory, for the agents' tests.

It knows one current attempt of each instance and what it must still have torn
down. As sternly as it may, it refuses whatever is not the current attempt, even
the start of one that is ACTIVE already: agents must not depend on its mercy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.orders import Orders
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext, Speaker

Pair = tuple[str, int]


@dataclass
class FakeInstance:
    """The current attempt of one instance: BUILDING, ACTIVE, FAILING or DELETED."""

    host: str
    attempt: int
    state: str = states.BUILDING
    fault: Fault | None = None


class FakeCellConductor:
    """Answers agents. Set the knobs to make it absent, forgetful or hostile.

    `unavailable`: so many calls do not arrive. `unanswered`: so many calls take
    effect, but their answer is lost. `refused`: hosts that may not register.
    """

    def __init__(self) -> None:
        self.unavailable = 0
        self.unanswered = 0
        self.refused: set[str] = set()
        self.broken: Exception | None = None
        self.instances: dict[str, FakeInstance] = {}
        self.to_tear_down: set[tuple[str, str, int]] = set()
        self.hosts: dict[str, Host] = {}
        self.holds: dict[str, list[Pair]] = {}
        self.beats: list[dict[str, list[Pair]]] = []
        self.said: list[tuple[object, ...]] = []
        self.speakers: list[tuple[str, Speaker | None]] = []
        self._changed = threading.Condition(threading.RLock())

    # What a test does to it.

    def cast(self, host: str, uuid: str, attempt: int) -> None:
        """Make this the current attempt; an older one is superseded."""
        with self._changed:
            before = self.instances.get(uuid)
            if before is not None and (before.host, before.attempt) != (host, attempt):
                self.to_tear_down.add((before.host, uuid, before.attempt))
            self.instances[uuid] = FakeInstance(host, attempt)

    def delete(self, uuid: str) -> None:
        """Let a delete win."""
        with self._changed:
            instance = self.instances[uuid]
            instance.state = states.DELETED
            self.to_tear_down.add((instance.host, uuid, instance.attempt))

    def held(self) -> set[tuple[str, str, int]]:
        """Return what the hosts hold, as far as it believes."""
        with self._changed:
            return {
                (instance.host, uuid, instance.attempt)
                for uuid, instance in self.instances.items()
                if instance.state == states.ACTIVE
            }

    def state(self, uuid: str) -> str:
        """Return the state of an instance."""
        return self.instances[uuid].state

    def wait_until(self, true: Callable[[FakeCellConductor], object], seconds: float = 30) -> bool:
        """Wait until something is true of it, looking after each call."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: true(self), seconds))

    # What agents call.

    def register_host(self, ctxt: RequestContext, host: Host, holds: list[Pair]) -> Orders:
        with self._call(ctxt, "register_host", host.name, [tuple(pair) for pair in holds]):
            if host.name in self.refused:
                raise errors.HostRefused(host.name, "refused by the test")
            self.hosts[host.name] = host
            self.holds[host.name] = [(uuid, attempt) for uuid, attempt in holds]
            strays = [(uuid, attempt) for uuid, attempt in holds if self._is_stray(uuid, attempt)]
            self.to_tear_down.update((host.name, *stray) for stray in strays)
            if not strays:
                return Orders()
            return self._orders({host.name: strays}, [host.name])

    def heartbeat(
        self, ctxt: RequestContext, agent: str, in_hand: dict[str, list[Pair]]
    ) -> Orders:
        with self._call(ctxt, "heartbeat", agent):
            self.beats.append({host: [(u, a) for u, a in in_hand[host]] for host in in_hand})
            orders: dict[str, list[Pair]] = {}
            for host, uuid, attempt in sorted(self.to_tear_down):
                if host in in_hand:
                    orders.setdefault(host, []).append((uuid, attempt))
            unknown = sorted(set(in_hand) - set(self.hosts) - self.refused)
            return self._orders(orders, unknown)

    def build_started(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        with self._call(ctxt, "build_started", host, instance_uuid, attempt):
            self._current(host, instance_uuid, attempt, states.BUILDING)

    def build_succeeded(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        with self._call(ctxt, "build_succeeded", host, instance_uuid, attempt):
            found = self._current(host, instance_uuid, attempt, states.BUILDING, states.ACTIVE)
            found.state = states.ACTIVE

    def build_failed(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        fault: Fault,
        cleaned: bool,
    ) -> None:
        with self._call(ctxt, "build_failed", host, instance_uuid, attempt, fault.code, cleaned):
            if cleaned:
                self._forget(host, instance_uuid, attempt)
            found = self._current(host, instance_uuid, attempt, states.BUILDING, states.FAILING)
            found.state, found.fault = states.FAILING, fault
            if not cleaned:
                self.to_tear_down.add((host, instance_uuid, attempt))

    def torn_down(self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int) -> None:
        with self._call(ctxt, "torn_down", host, instance_uuid, attempt):
            self._forget(host, instance_uuid, attempt)

    @contextmanager
    def _call(self, ctxt: RequestContext, *said: object) -> Iterator[None]:
        with self._changed:
            if self.unavailable:
                self.unavailable -= 1
                raise errors.ServiceUnavailable("conductor", "it does not listen")
            if self.broken:
                raise self.broken
            self.said.append(said)
            self.speakers.append((str(said[0]), ctxt.speaker))
            try:
                yield
            finally:
                self._changed.notify_all()
            if self.unanswered:
                self.unanswered -= 1
                raise errors.ServiceUnavailable("conductor", "the answer is lost")

    def _orders(self, tear_down: dict[str, list[Pair]], register: list[str]) -> Orders:
        return Orders(
            tear_down=tear_down,
            register=register,
            host_uuids={
                name: self.hosts[name].compute_node_uuid
                for name in tear_down
                if name in self.hosts
            },
        )

    def _current(self, host: str, uuid: str, attempt: int, *allowed: str) -> FakeInstance:
        found = self.instances.get(uuid)
        if found is None:
            raise errors.InstanceNotFound(uuid)
        if (found.host, found.attempt) != (host, attempt) or found.state not in allowed:
            raise errors.Superseded(uuid, attempt, found.attempt)
        return found

    def _is_stray(self, uuid: str, attempt: int) -> bool:
        """Is it known to be superseded, failed or deleted? The unknown is left alone."""
        found = self.instances.get(uuid)
        if found is None:
            return False
        return found.attempt > attempt or found.state in {states.FAILING, states.DELETED}

    def _forget(self, host: str, uuid: str, attempt: int) -> None:
        self.to_tear_down = {
            (its_host, its_uuid, its_attempt)
            for its_host, its_uuid, its_attempt in self.to_tear_down
            if (its_host, its_uuid) != (host, uuid) or its_attempt > attempt
        }
