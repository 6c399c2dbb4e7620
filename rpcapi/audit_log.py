"""The audit log: who deleted, disabled, registered or adopted what, one line each.

Its logger is `understudy.audit`, so that it can go to a file of its own.
"""

from __future__ import annotations

import getpass
import json
import logging
from typing import Final

from understudy.rpcapi.context import RequestContext

LOGGER: Final = "understudy.audit"
LOG = logging.getLogger(LOGGER)


def note(action: str, who: str, **facts: object) -> None:
    """Write that `who` has done this, to or with what the facts say.

    `action` is a noun and a verb, as in host.disable; what is None is left out.
    """
    said = {name: fact for name, fact in facts.items() if fact is not None}
    LOG.info("%s by %s %s", action, who, json.dumps(said, sort_keys=True, default=str))


def caller(context: RequestContext) -> str:
    """Return who sent a message, as it says and as the broker says."""
    return _named(project=context.project_id, user=context.user_id, broker_user=context.sender)


def agent(uuid: str | None, broker_user: str | None) -> str:
    """Return which agent it was."""
    return _named(agent=uuid, broker_user=broker_user)


def operator() -> str:
    """Return who runs this process."""
    return _named(operator=getpass.getuser())


def _named(**who: str | None) -> str:
    known = {name: said for name, said in who.items() if said is not None}
    return json.dumps(known, sort_keys=True)
