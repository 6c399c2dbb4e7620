"""A client that asks for builds, asks again, and deletes, whatever breaks meanwhile.

It is as careful as a good client: what was not answered is asked again under
the same request id. What it was told is kept, to be held against the end.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from dataclasses import dataclass, field

from tests.chaos.real.cloud import BROKEN_IMAGE
from understudy.objects.build_request import Affinity, BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi import errors
from understudy.rpcapi.bus import API, Bus
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import SuperConductorClient

LOG = logging.getLogger(__name__)

ANSWER_WITHIN = 8.0
DEADLINE = 60
"""Seconds, of every request: as long as an ending may take after the last fault."""
LIVING = 150
"""Instances; with more than these the client rather deletes."""
NOT_ANSWERED = (errors.ServiceUnavailable, errors.CellUnavailable, errors.LedgerDown)
"""What is asked again. Whatever else a request is answered with is a finding."""
CONTEXT = RequestContext("chaos", "chaos")


@dataclass
class Asked:
    """One request, and what its client was told."""

    request: BuildRequest
    instances: tuple[str, ...] = ()
    """Of the first answer; none: it was not answered so far."""
    accepted_at: float = 0.0
    """On the monotonic clock."""
    deleted: set[str] = field(default_factory=set)
    """Whose delete was accepted."""
    maybe_deleted: set[str] = field(default_factory=set)
    """Whose delete was asked for."""


class Client:
    """One connection to the API level's bus, used by several threads."""

    def __init__(self, transport_url: str, seed: int) -> None:
        """Connect; what is asked for follows from the seed, when it is does not."""
        self._bus = Bus.open(API, transport_url)
        self.client = SuperConductorClient(self._bus, timeout=ANSWER_WITHIN)
        self._seed = seed
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        self.broken_promises: list[str] = []
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, threads: int, pause: float) -> None:
        """Begin, with so many threads that each wait `pause` seconds on average."""
        for number in range(threads):
            chance = random.Random(f"client {self._seed} {number}")
            thread = threading.Thread(target=self._run, args=(chance, pause), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ask for nothing more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Give the connections back."""
        self._bus.close()

    def ask(self, asked: Asked) -> bool:
        """Ask, or ask again; say whether there was an answer."""
        try:
            answer = self.client.build(CONTEXT, asked.request)
        except NOT_ANSWERED as error:
            LOG.debug("%s: %s", asked.request.request_id, error)
            return False
        except UnderstudyError as error:
            self._complain(f"request {asked.request.request_id} got {error!r}: {error}")
            return True
        instances = tuple(answer.instance_uuids)
        if not asked.instances:
            asked.accepted_at = time.monotonic()
            asked.instances = instances
        elif asked.instances != instances:
            self._complain(
                f"request {asked.request.request_id} was answered {asked.instances}, "
                f"then {instances}"
            )
        return True

    def delete(self, asked: Asked, instance: str) -> None:
        """Delete an instance of an accepted request; it may not be answered."""
        asked.maybe_deleted.add(instance)
        try:
            self.client.delete(CONTEXT, instance)
        except NOT_ANSWERED as error:
            LOG.debug("delete of %s: %s", instance, error)
        except UnderstudyError as error:
            self._complain(f"the delete of {instance} got {error!r}: {error}")
        else:
            asked.deleted.add(instance)

    def _run(self, chance: random.Random, pause: float) -> None:
        while not self._stopping.wait(chance.uniform(0, 2 * pause)):
            try:
                self._do_something(chance)
            except Exception as error:
                LOG.exception("the client failed")
                self._complain(f"the client met {error!r}")

    def _do_something(self, chance: random.Random) -> None:
        with self._lock:
            accepted = [asked for asked in self.asked if asked.instances]
            living = [
                (asked, instance)
                for asked in accepted
                for instance in asked.instances
                if instance not in asked.maybe_deleted
            ]
        drawn = chance.random()
        if living and (drawn < 0.3 or len(living) > LIVING):
            # Half of them young, so that builds are deleted while they run.
            some = living[-4:] if chance.random() < 0.5 else living
            self.delete(*chance.choice(some))
        elif accepted and drawn < 0.45:
            self.ask(chance.choice(accepted))
        else:
            self._ask_for_new(chance)

    def _ask_for_new(self, chance: random.Random) -> None:
        asked = Asked(new_request(chance))
        with self._lock:
            self.asked.append(asked)
        while not self.ask(asked) and not self._stopping.wait(0.5):
            pass

    def _complain(self, what: str) -> None:
        with self._lock:
            self.broken_promises.append(what)


def new_request(chance: random.Random) -> BuildRequest:
    """Return a request for one to three instances, some of them in trouble from the start."""
    count = chance.randint(1, 3)
    apart = count > 1 and chance.random() < 0.2
    return BuildRequest(
        request_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        name="chaos",
        count=count,
        resources={"VCPU": 1, "MEMORY_MB": 512},
        image=BROKEN_IMAGE if chance.random() < 0.05 else None,
        max_attempts=chance.randint(2, 4),
        max_cells=chance.randint(1, 2),
        deadline_seconds=DEADLINE,
        affinity=_apart(chance) if apart else None,
        project_id="chaos",
        user_id="chaos",
    )


def _apart(chance: random.Random) -> Affinity:
    group = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return Affinity(group_uuid=group, policy=AffinityPolicy.ANTI_AFFINITY)
