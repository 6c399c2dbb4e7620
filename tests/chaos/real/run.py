"""One run: load, damage, mending, verdict."""

from __future__ import annotations

import functools
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.real import verdict
from tests.chaos.real.claims import ClaimWatch
from tests.chaos.real.cloud import ChaosCluster
from tests.chaos.real.damage import Damage
from tests.chaos.real.load import DEADLINE, Asked, Client
from tests.chaos.real.units import LOOK, Unit
from tests.chaos.real.verdict import Findings
from tests.integration.support.waiting import wait_until
from understudy.objects.instance import Instance

SETTLED_AFTER = 60.0
"""Seconds after the last fault, at which everything must hold."""
THREADS = 4
PAUSE = 1.5
"""Seconds between two calls of each of the client's threads, on average."""
ASKED_AGAIN = 100
"""Requests that are asked once more at the end."""


@dataclass
class Run:
    """One cluster under load, and what came of it."""

    cluster: ChaosCluster
    seed: int
    tell: Callable[[str], object]
    seen: dict[str, Instance] = field(default_factory=dict)
    kills: int = 0
    builds: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Connect."""
        self._chance = random.Random(self.seed)
        self._client = Client(self.cluster.transport_url, self.seed)
        self.claims = ClaimWatch(self.cluster.placement.database)
        self._units = [Unit(service) for service in self.cluster.services]

    def go(self, kills: int) -> Findings:
        """Kill so many processes; return what does not hold afterwards."""
        began = time.monotonic()
        self.claims.start()
        self._client.start(THREADS, PAUSE)
        damage = Damage(self.cluster, self._units, self._chance, self._told_at(began))
        damage.work(kills)
        self._client.stop()
        # What was killed last is down by now.
        time.sleep(2 * LOOK)
        for unit in self._units:
            wait_until(unit.serves, f"{unit.told} to serve")
        self.tell(f"{time.monotonic() - began:7.1f} no more faults; {dict(damage.faults)}")
        findings = self._settle(time.monotonic())
        self.kills = damage.kills
        self.builds = sum(len(asked.instances) for asked in self._client.asked)
        self.seconds = time.monotonic() - began
        return findings

    def close(self) -> None:
        """Keep nothing up any more."""
        for unit in self._units:
            unit.let_go()
        self._client.close()

    def summary(self, findings: Findings) -> dict[str, Any]:
        """Return the figures, as they are printed."""
        return {
            "kills": self.kills,
            "builds": self.builds,
            "violations": findings.violations,
            "lost": len(findings.lost),
            "doubled": len(findings.doubled),
            "leaked": len(findings.leaked),
            "seconds": round(self.seconds, 1),
        }

    def _told_at(self, began: float) -> Callable[[str], object]:
        return lambda what: self.tell(f"{time.monotonic() - began:7.1f} {what}")

    def _settle(self, stopped: float) -> Findings:
        """Ask again for what was not answered, and wait until all holds or time is up."""
        client = self._client
        asked = list(client.asked)
        for each in asked:
            if not each.instances:
                wait_until(functools.partial(client.ask, each), "an answer, with nothing broken")
        again = random.Random(self.seed).sample(asked, min(ASKED_AGAIN, len(asked)))
        for each in again:
            client.ask(each)
        until = max([stopped + SETTLED_AFTER, *(one.accepted_at + DEADLINE for one in asked)])
        while True:
            over = time.monotonic() > until
            late = verdict.look(client, asked, self.seen)
            if over or not late:
                findings = self._judge(asked, complete=over)
                if over or not findings.violations:
                    self.claims.stop()
                    ended = Counter(instance.state for instance in self.seen.values())
                    took = time.monotonic() - stopped
                    self.tell(f"settled {took:.1f} s after the last fault: {dict(ended)}")
                    return self._judge(asked, complete=True)
            time.sleep(0.5)

    def _judge(self, asked: list[Asked], *, complete: bool) -> Findings:
        """Return what does not hold now; the audit, which is slow, last."""
        findings = verdict.judge_instances(asked, self.seen)
        findings.other.extend(self._client.broken_promises)
        verdict.judge_what_is_built(findings, self.cluster.built(), self.seen)
        verdict.judge_groups(findings, asked, self.seen)
        verdict.judge_history(findings, self.cluster.noted(), self.claims.doubled)
        if complete or not findings.violations:
            verdict.audit(findings, self._operator_file())
        return findings

    def _operator_file(self) -> Path:
        file = self.cluster.conductor.scratch / "operator.conf"
        file.write_text(self.cluster.operator_file())
        return file
