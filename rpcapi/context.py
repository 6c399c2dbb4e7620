"""Who asks, and under which id it is found in the logs."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import Any, Final

import oslo_messaging as messaging
from oslo_context import context

from understudy.rpcapi.call import name_in

ADMIN: Final = "is_admin"
"""Where a message says that an administrator asks."""
PATIENCE: Final = "patience_ends"
"""Where a server notes when, by time.monotonic(), a caller will have given up."""
SENDER: Final = "sender"
"""Where a server notes as which user of the broker the message was sent."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """The agent that speaks, as it says itself; who its user is, the broker says."""

    agent_uuid: str
    """The agent's own, which it keeps whatever it is called."""
    origin: str
    """Which run of which machine, and which files: a clone of a disk has another one."""
    host_uuid: str | None = None
    """The host that it speaks of; None: all of its hosts."""


class RequestContext(context.RequestContext):
    """The project and user that ask, and the id that all logs of it carry.

    `request_id` is oslo.context's "req-..." for the logs; a build request's
    own id is in the request. `speaker` is who speaks where that is an agent.
    `sender` is the user of the broker who sent the message: the broker has
    verified it, and a server notes it; None where it is not known.
    With `is_admin` an administrator asks, whose the whole cloud is.
    """

    def __init__(
        self,
        project_id: str | None = None,
        user_id: str | None = None,
        request_id: str | None = None,
        *,
        is_admin: bool = False,
        speaker: Speaker | None = None,
        overwrite: bool = False,
    ) -> None:
        """Make a context; with `overwrite` it becomes the one that this thread logs under."""
        self._is_for_logs = overwrite
        super().__init__(
            project_id=project_id,
            user_id=user_id,
            request_id=request_id,
            is_admin=is_admin,
            overwrite=overwrite,
        )
        self.patience_ends = math.inf
        self.speaker = speaker
        self.sender: str | None = None

    @classmethod
    def of_instance(cls, request_id: str, project_id: str, user_id: str) -> RequestContext:
        """Return a context for work on an instance that nobody waits for.

        It is logged under the build request's id.
        """
        return cls(project_id, user_id, request_id)

    def update_store(self) -> None:
        """Let this thread log under it, if it was made for that.

        oslo.context would take the first that a thread makes, and keep it for all it does later.
        """
        if self._is_for_logs:
            super().update_store()

    def patience(self) -> float:
        """Return for how many seconds at most the caller still waits for the answer.

        It may be less: what a message waited in the broker, only the broker knows.
        """
        return max(self.patience_ends - time.monotonic(), 0.0)

    def facts(self) -> dict[str, str | bool | None]:
        """Return what travels."""
        facts: dict[str, str | bool | None] = {
            "project_id": self.project_id,
            "user_id": self.user_id,
            "request_id": self.request_id,
        }
        if self.is_admin:
            facts[ADMIN] = True
        if self.speaker is not None:
            facts |= dataclasses.asdict(self.speaker)
        return facts


class ContextSerializer(messaging.Serializer):
    """Carry a RequestContext beside the entities, which `entities` takes care of."""

    def __init__(self, entities: messaging.Serializer) -> None:
        """Wrap the entities' serializer."""
        self._entities = entities

    def serialize_entity(self, ctxt: RequestContext, entity: Any) -> Any:
        """Return the entity as primitives."""
        return self._entities.serialize_entity(ctxt, entity)

    def deserialize_entity(self, ctxt: RequestContext, entity: Any) -> Any:
        """Return the entity that the primitives say."""
        return self._entities.deserialize_entity(ctxt, entity)

    def serialize_context(self, ctxt: RequestContext) -> dict[str, str | bool | None]:
        """Return the context's facts."""
        return ctxt.facts()

    def deserialize_context(self, facts: dict[str, Any]) -> RequestContext:
        """Return the context, and let this thread log under it; unknown facts are dropped.

        Raises Unreadable where one that is known is no id.
        """
        context = RequestContext(
            name_in(facts, "project_id"),
            name_in(facts, "user_id"),
            name_in(facts, "request_id"),
            # Whatever else a message writes there makes nobody an administrator.
            is_admin=facts.get(ADMIN) is True,
            speaker=_speaker(facts),
            overwrite=True,
        )
        context.sender = facts.get(SENDER)
        # Logs name what a resource is; it does not travel, the server notes it.
        context.resource_uuid = facts.get("instance_uuid")
        context.patience_ends = facts.get(PATIENCE, math.inf)
        return context


def _speaker(facts: dict[str, Any]) -> Speaker | None:
    """Return who speaks; None where an agent is not named in full."""
    agent_uuid, origin = name_in(facts, "agent_uuid"), name_in(facts, "origin")
    host_uuid = name_in(facts, "host_uuid")
    if agent_uuid is None or origin is None:
        return None
    return Speaker(agent_uuid, origin, host_uuid)
