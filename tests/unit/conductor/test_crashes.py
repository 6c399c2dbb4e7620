"""Kill each conductor at every seam of every way that a build can go.

For each seam: the process dies there, another takes its place, leases run out,
and when all has come to rest every promise has been kept. Every STRIDE-th seam is
tried here; UNDERSTUDY_EVERY_SEAM=1 tries them all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import testtools

from tests.unit.conductor.cloud import Cloud, broken, request, uuid_of
from tests.unit.conductor.seams import NEVER
from understudy.conductor.bounds import RetryBounds
from understudy.objects.build_request import Affinity
from understudy.objects.fields import AffinityPolicy

STRIDE = 1 if os.environ.get("UNDERSTUDY_EVERY_SEAM") else 47

Scenario = Callable[[Cloud], dict[str, str]]
"""Plays it, and returns the state in which each instance has to end."""


def plain_build(cloud: Cloud) -> dict[str, str]:
    uuids = cloud.build(request(count=2))
    cloud.settle()
    return dict.fromkeys(uuids, "ACTIVE")


def moved_build(cloud: Cloud) -> dict[str, str]:
    cloud.agents.fault = lambda host, uuid, attempt: broken() if attempt == 1 else None
    return plain_build(cloud)


def untidy_build(cloud: Cloud) -> dict[str, str]:
    cloud.agents.untidy = set(cloud.cell_of)
    return moved_build(cloud)


def failing_build(cloud: Cloud) -> dict[str, str]:
    cloud.agents.fault = lambda host, uuid, attempt: broken()
    return dict.fromkeys(plain_build(cloud), "ERROR")


def refused_build(cloud: Cloud) -> dict[str, str]:
    uuids = cloud.build(request(count=2, resources={"VCPU": 99}))
    cloud.settle()
    return dict.fromkeys(uuids, "ERROR")


def delete_of_active(cloud: Cloud) -> dict[str, str]:
    uuids = list(plain_build(cloud))
    cloud.delete(uuids[0])
    cloud.settle()
    return {uuids[0]: "DELETED", uuids[1]: "ACTIVE"}


def delete_while_building(cloud: Cloud) -> dict[str, str]:
    cloud.agents.fault = lambda host, uuid, attempt: broken() if attempt == 1 else None
    uuids = cloud.build(request(count=2))
    cloud.guard(cloud.agents.work)
    cloud.delete(uuids[0])
    cloud.settle()
    return {uuids[0]: "DELETED", uuids[1]: "ACTIVE"}


def delete_while_scheduling_fails(cloud: Cloud) -> dict[str, str]:
    cloud.scheduler.unanswered = 1
    uuids = cloud.build(request(count=2))
    cloud.delete(uuids[0])
    cloud.settle()
    return {uuids[0]: "DELETED", uuids[1]: "ACTIVE"}


def takeover(cloud: Cloud) -> dict[str, str]:
    cloud.bounds = RetryBounds(max_attempts=2, spare_alternates=0, max_cells=2)
    cloud.kill_again()
    cloud.agents.fault = lambda host, uuid, attempt: broken() if attempt < 3 else None
    return plain_build(cloud)


def takeover_to_nowhere(cloud: Cloud) -> dict[str, str]:
    return dict.fromkeys(_no_cell_takes_it(cloud), "ERROR")


def delete_during_takeover(cloud: Cloud) -> dict[str, str]:
    cloud.bounds = RetryBounds(max_attempts=2, spare_alternates=0, max_cells=2)
    cloud.kill_again()
    cloud.agents.fault = lambda host, uuid, attempt: broken() if attempt < 3 else None
    uuids = cloud.build(request(count=2))
    for _ in range(6):
        cloud.guard(cloud.agents.work)
    cloud.guard(cloud.super.takeover.sweep)
    cloud.delete(uuids[0])
    cloud.settle()
    return {uuids[0]: "DELETED", uuids[1]: "ACTIVE"}


def dead_host(cloud: Cloud) -> dict[str, str]:
    uuids = cloud.build(request(count=1))
    cloud.guard(cloud.agents.work)
    cloud.lose_host("one-a")
    cloud.settle()
    cloud.agents.silent.clear()
    cloud.settle()
    return dict.fromkeys(uuids, "ACTIVE")


def apart(cloud: Cloud) -> dict[str, str]:
    group = Affinity(group_uuid=uuid_of("group"), policy=AffinityPolicy.ANTI_AFFINITY)
    cloud.agents.fault = lambda host, uuid, attempt: broken() if host == "one-a" else None
    uuids = cloud.build(request(count=2, affinity=group))
    cloud.settle()
    return dict.fromkeys(uuids, "ACTIVE")


def deadline(cloud: Cloud) -> dict[str, str]:
    cloud.agents.silent = {"one-a", "one-b"}
    uuids = cloud.build(request(count=2))
    cloud.pass_deadline()
    cloud.agents.silent.clear()
    cloud.settle()
    return dict.fromkeys(uuids, "ERROR")


def _no_cell_takes_it(cloud: Cloud) -> list[str]:
    cloud.bounds = RetryBounds(max_attempts=1, spare_alternates=0, max_cells=3)
    cloud.kill_again()
    cloud.agents.fault = lambda host, uuid, attempt: broken()
    return list(plain_build(cloud))


class CrashTest(testtools.TestCase):
    """One test for each scenario and process."""

    def play(self, scenario: Scenario, victim: str, seam: int) -> tuple[Cloud, list[str]]:
        cloud = Cloud()
        with cloud:
            cloud.kill(victim, seam)
            expected = scenario(cloud)
            process = cloud.super.process if victim == "super" else cloud.cell(victim).process
            self.passed = process.seams
            process.dies_at = NEVER
            wrongs = cloud.wrongs()
            for uuid, state in expected.items():
                found = cloud.shown(uuid).state
                if found != state:
                    wrongs.append(f"{uuid} is {found} instead of {state}")
            return cloud, wrongs

    def seams(self, scenario: Scenario, victim: str) -> Iterator[int]:
        _, wrongs = self.play(scenario, victim, NEVER)
        self.assertEqual([], wrongs)
        return iter(range(hash_of(scenario) % STRIDE, self.passed, STRIDE))

    def crash(self, scenario: Scenario, victim: str) -> None:
        for seam in self.seams(scenario, victim):
            try:
                cloud, wrongs = self.play(scenario, victim, seam)
            except Exception as error:
                raise AssertionError(f"{victim} at seam {seam}: {error!r}") from error
            self.assertEqual([], wrongs, f"{victim} died at seam {seam}: {cloud.deaths}")


def hash_of(scenario: Scenario) -> int:
    """Different seams for different scenarios, the same ones each time."""
    return sum(map(ord, scenario.__name__))


SCENARIOS: tuple[Scenario, ...] = (
    plain_build,
    moved_build,
    untidy_build,
    failing_build,
    refused_build,
    delete_of_active,
    delete_while_building,
    delete_while_scheduling_fails,
    takeover,
    takeover_to_nowhere,
    delete_during_takeover,
    dead_host,
    apart,
    deadline,
)


def _add(scenario: Scenario, victim: str) -> None:
    def test(self: CrashTest) -> None:
        self.crash(scenario, victim)

    setattr(CrashTest, f"test_{scenario.__name__}_and_{victim}_dies", test)


for _scenario in SCENARIOS:
    _add(_scenario, "super")
    _add(_scenario, "one")
