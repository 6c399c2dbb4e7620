"""What must hold once the faults have stopped, and what does not."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.real.load import CONTEXT, NOT_ANSWERED, Asked, Client
from understudy.compute.build_log import Event, Noted
from understudy.compute.tags import Tag
from understudy.objects import states
from understudy.objects.instance import Instance

AUDIT_WITHIN = 120.0
_MANAGE = (sys.executable, "-m", "understudy.cli.manage.main")


@dataclass
class Findings:
    """What does not hold; each list names instances, each with what is wrong."""

    lost: dict[str, str] = field(default_factory=dict)
    """Not ended in time, or ACTIVE and not there, or deleted by nobody."""
    doubled: dict[str, str] = field(default_factory=dict)
    leaked: dict[str, str] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)

    @property
    def violations(self) -> int:
        """How many there are."""
        return len(self.lost) + len(self.doubled) + len(self.leaked) + len(self.other)

    @property
    def instances(self) -> list[str]:
        """The instances that something is wrong with."""
        return sorted({*self.lost, *self.doubled, *self.leaked})

    def lines(self) -> list[str]:
        """Return one line for each."""
        named = {"lost": self.lost, "doubled": self.doubled, "leaked": self.leaked}
        found = [f"{k}: {uuid} {what}" for k, of in named.items() for uuid, what in of.items()]
        return [*found, *(f"other: {what}" for what in self.other)]


def look(client: Client, asked: Sequence[Asked], seen: dict[str, Instance]) -> list[str]:
    """Bring `seen` up to date; return the instances that have not ended, or not as they should."""
    late: list[str] = []
    for each in asked:
        # A delete that was not answered may still come to pass.
        sure = each.deleted == each.maybe_deleted
        if sure and all(_is_settled(each, seen.get(uuid)) for uuid in each.instances):
            continue
        try:
            result = client.client.result(CONTEXT, each.request.request_id)
        except NOT_ANSWERED:
            late.extend(each.instances)
            continue
        seen.update((instance.uuid, instance) for instance in result.instances)
        late.extend(uuid for uuid in each.instances if not _is_settled(each, seen.get(uuid)))
    return late


def judge_instances(asked: Sequence[Asked], seen: Mapping[str, Instance]) -> Findings:
    """Return which instances have not ended, or not as their client was told."""
    findings = Findings()
    for each in asked:
        for uuid in each.instances:
            found = seen.get(uuid)
            state = "unknown" if found is None else found.state
            if not _is_settled(each, found):
                was = "deleted" if uuid in each.deleted else "asked for"
                findings.lost[uuid] = f"was {was} and is {state}"
            elif state == states.DELETED and uuid not in each.maybe_deleted:
                findings.lost[uuid] = "is DELETED, and nobody deleted it"
    return findings


def judge_what_is_built(
    findings: Findings, built: Iterable[Tag], seen: Mapping[str, Instance]
) -> None:
    """Hold the hosts against the instances: each ACTIVE one is on its host, and nothing else."""
    there: dict[str, list[Tag]] = defaultdict(list)
    for tag in built:
        there[tag.instance_uuid].append(tag)
    for uuid, instance in seen.items():
        if instance.state != states.ACTIVE:
            continue
        wanted = Tag(str(instance.service_host), uuid, instance.attempt)
        tags = there.pop(uuid, [])
        if wanted not in tags:
            findings.lost[uuid] = f"is ACTIVE, but {wanted} does not exist"
        if len(tags) > (wanted in tags):
            findings.doubled[uuid] = f"is ACTIVE as {wanted}, and there are {tags}"
    for uuid, tags in there.items():
        state = seen[uuid].state if uuid in seen else "nobody's"
        findings.leaked[uuid] = f"is {state}, and there is {tags}"


def judge_history(findings: Findings, noted: Iterable[Noted], doubled: Iterable[str]) -> None:
    """Add the attempts that two hosts began, and the claims that were seen on two hosts."""
    hosts: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one in noted:
        if one.event is Event.BEGUN:
            hosts[one.tag.instance_uuid, one.tag.attempt].add(one.tag.host)
    for (uuid, attempt), on in hosts.items():
        if len(on) > 1:
            findings.doubled[uuid] = f"attempt {attempt} was begun on {sorted(on)}"
    for uuid in doubled:
        findings.doubled[uuid] = "held claims on two hosts at once"


def judge_groups(findings: Findings, asked: Iterable[Asked], seen: Mapping[str, Instance]) -> None:
    """Add the groups two members of which are on one host."""
    for each in asked:
        if each.request.affinity is None:
            continue
        members = [seen[uuid] for uuid in each.instances if uuid in seen]
        hosts = Counter(one.service_host for one in members if one.state == states.ACTIVE)
        findings.other.extend(
            f"{count} members of the group of request {each.request.request_id} are on {host}"
            for host, count in hosts.items()
            if count > 1
        )


def audit(findings: Findings, operator_file: Path) -> None:
    """Add what `understudy-manage audit` finds."""
    done = subprocess.run(
        [*_MANAGE, f"--config-file={operator_file}", "audit"],
        capture_output=True,
        text=True,
        timeout=AUDIT_WITHIN,
        check=False,
    )
    if done.returncode == 0:
        return
    named = {"leaked": findings.leaked, "doubled": findings.doubled, "missing": findings.lost}
    for line in [*done.stdout.splitlines(), *done.stderr.splitlines()]:
        kind, _, what = line.partition(": ")
        uuid, _, rest = what.partition(" ")
        if kind in named:
            named[kind].setdefault(uuid, f"says the audit: {rest}")
        else:
            findings.other.append(f"says the audit: {line}")


def _is_settled(asked: Asked, instance: Instance | None) -> bool:
    """Has it ended? What was deleted may be nothing but DELETED."""
    if instance is None or instance.state not in states.ENDED:
        return False
    return instance.uuid not in asked.deleted or instance.state == states.DELETED
