"""Everything goes wrong at once, drawn from a seed; then it stops, and all must end well."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fakes.faults import Fault
from tests.functional.cloud.case import CloudTestCase, apart, request
from tests.functional.support.cloud import Mishap
from understudy.compute import fault_plan
from understudy.objects.errors import UnderstudyError

MISHAPS = (Mishap.LOST, Mishap.TWICE, Mishap.ANSWER_LOST, Mishap.COPIED)
FAULTS = (Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.ERROR, Fault.CONTENDED, Fault.REFUSED)
SETTLE = 6.0
"""Seconds; a selection whose caller has gone claims for 4 s more, on a busy machine."""
CELLS = {"one": {"a": 4, "b": 4, "c": 4}, "two": {"d": 4, "e": 4}}


class Storm(CloudTestCase):
    def test_one(self) -> None:
        self.weather(seed=1)

    def test_another(self) -> None:
        self.weather(seed=2)

    def test_two_of_each_service(self) -> None:
        self.weather(seed=3, replicas=2)

    def weather(self, seed: int, steps: int = 12, replicas: int = 1) -> None:
        """Ask, delete, stop, kill and cut for so many steps while messages and writes are lost."""
        self.open(CELLS, lease=10.0, settle=SETTLE, replicas=replicas)
        self.draw = random.Random(seed)
        self.accepted: list[str] = []
        rates = random.Random(seed)
        self.cloud.messages.disturb(
            lambda: rates.choice(MISHAPS) if rates.random() < 0.1 else None
        )
        self.cloud.placement.hook = lambda operation: self.cloud.placement.next_writes(
            rates.choice(FAULTS) if rates.random() < 0.1 else Fault.NONE
        )
        acts = (self.ask, self.ask, self.ask, self.forget, self.kill, self.restart, self.cut)
        for _ in range(steps):
            self.draw.choice(acts)()
        self.calm()

    def ask(self) -> None:
        """Ask for some instances, maybe without an answer."""
        group = apart() if self.draw.random() < 0.3 else None
        asked = request(count=self.draw.randint(1, 3), affinity=group, max_cells=2)
        self.anyhow(lambda: self.cloud.client.build(self.cloud.context, asked))
        self.accepted.append(asked.request_id)

    def forget(self) -> None:
        """Cancel one of the requests."""
        if self.accepted:
            chosen = self.draw.choice(self.accepted)
            self.anyhow(lambda: self.cloud.client.cancel(self.cloud.context, chosen))

    def kill(self) -> None:
        """Kill an agent, for good or not; it comes back in the end."""
        host = self.draw.choice(sorted(self.cloud.agents))
        self.cloud.builds.break_host(host, fault_plan.host_broken())
        self.cloud.agents[host].kill()
        if self.draw.random() < 0.5:
            self.cloud.pass_host_down_time(host)
        if self.draw.random() < 0.5:
            self.cloud.agents[host].start()

    def restart(self) -> None:
        """Stop one process of a service in good order, and start it again."""
        cells = self.cloud.conductors.values()
        service = self.draw.choice((self.cloud.super_conductor, self.cloud.scheduler, *cells))
        process = self.draw.choice(service.each)
        process.stop()
        process.start()

    def cut(self) -> None:
        """Cut a cell off, or reconnect it."""
        self.draw.choice((self.cloud.cut_off, self.cloud.reconnect))(
            self.draw.choice(["one", "two"])
        )

    def calm(self) -> None:
        """Let everything work again."""
        self.cloud.placement.hook = lambda operation: None
        self.cloud.placement.forget_plan()
        self.cloud.messages.forget_plan()
        self.cloud.messages.replay()
        self.cloud.builds.mend()
        for cell in CELLS:
            self.cloud.reconnect(cell)
        for agent in self.cloud.agents.values():
            agent.kill()
            agent.start()

    def anyhow(self, ask: Callable[[], object]) -> None:
        """Ask, whatever is answered: a client whose call was lost does not know either."""
        try:
            ask()
        except UnderstudyError:
            return
