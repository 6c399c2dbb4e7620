"""In which contexts an agent speaks: each says who speaks, and of which host."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.compute.identity import Identity
from understudy.rpcapi.context import RequestContext, Speaker


@dataclass(frozen=True, slots=True)
class Voice:
    """What an agent listens under, and who it is."""

    name: str
    identity: Identity

    def context(
        self, host_uuid: str | None = None, asked: RequestContext | None = None
    ) -> RequestContext:
        """Return a context to speak in, of one host or of all, under what was `asked`."""
        who = self.identity
        speaker = Speaker(who.agent_uuid, who.origin, host_uuid)
        if asked is None:
            return RequestContext(speaker=speaker)
        return RequestContext(asked.project_id, asked.user_id, asked.request_id, speaker=speaker)
