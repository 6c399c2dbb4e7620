"""Who is hostile in a world, and what is theirs: their hosts, their project, their requests."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Final

from understudy.rpcapi.context import RequestContext, Speaker

AGENT: Final = "mallory"
"""The hostile agent's name, and its user at its cell's broker."""
PROJECT: Final = "mallory"
USER: Final = "mallory"
SHARE: Final = 1 / 3
"""Of all worlds, those with somebody hostile."""


def _uuid(*words: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, " ".join(map(str, ("stranger", *words)))))


HOSTS: Final = {f"stranger-{letter}": _uuid("host", letter) for letter in "ab"}
"""The hostile agent's own: name -> uuid, which is that of its root provider too."""
NAMELESS: Final = _uuid("host", "nameless")
"""One more of its own; it gives this one whatever name it likes."""
CHILDREN: Final = tuple(_uuid("child", number) for number in range(2))
"""Providers that it hangs into trees."""
PROVIDERS: Final = frozenset((*HOSTS.values(), NAMELESS, *CHILDREN))
ROOTS: Final = {**{uuid: name for name, uuid in HOSTS.items()}, NAMELESS: "stranger-c"}
"""What its hosts are called where only their uuids count."""
REQUESTS: Final = tuple(_uuid("request", number) for number in range(2))
"""The build requests of the hostile client."""
FOREIGN: Final = _uuid("foreign")
"""A provider that was in Placement before, and is no host of anybody's here."""
AGENT_UUID: Final = _uuid("agent")
ORIGIN: Final = _uuid("origin").replace("-", "")


@dataclass(frozen=True, slots=True)
class Strangers:
    """Who is about: the cell in which the hostile agent is, and is there a hostile client?"""

    agent_in: str | None = None
    client: bool = False


def draw(seed: int, cells: tuple[str, ...]) -> Strangers:
    """Return who is hostile in this world: in most, nobody is."""
    chance = random.Random(f"strangers {seed}")
    if chance.random() > SHARE:
        return Strangers()
    who = chance.choice(("agent", "agent", "client", "both"))
    return Strangers(chance.choice(cells) if who != "client" else None, who != "agent")


@dataclass(slots=True)
class Behalf:
    """For whom something is done: who asked, by which method, and in which bus's place."""

    who: str
    method: str
    place: str
    touched: set[str] = field(default_factory=set)
    """Instances that were theirs to change when this began, and still are until it ends."""


Facts = dict[str, str | bool | None]
"""What a context says."""


class Forged(RequestContext):
    """A context whose facts are whatever somebody likes."""

    forged: Facts | None = None

    def facts(self) -> Facts:
        """Return what travels."""
        return {**super().facts(), **(self.forged or {})}


def forged(
    project_id: str | None,
    user_id: str | None,
    speaker: Speaker | None,
    facts: Facts,
) -> Forged:
    """Return a context that says all this."""
    context = Forged(project_id, user_id, speaker=speaker)
    context.forged = facts
    return context
