"""What the page for operators gives each agent at the broker, as the page says it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "doc/source/operator/security.rst"

Patterns = Mapping[str, str]


def of_agent(cell: str, agent: str) -> tuple[Patterns, Patterns]:
    """Return the agent's permissions in its cell's vhost, and on topics."""
    configure, write, may_read = _documented("set_permissions", cell, agent)[-3:]
    exchange, topic_write, topic_read = _documented("set_topic_permissions", cell, agent)[-3:]
    return (
        {"configure": configure, "write": write, "read": may_read},
        {"exchange": exchange, "write": topic_write, "read": topic_read},
    )


def _documented(command: str, cell: str, agent: str) -> list[str]:
    """Return what the page gives this command last, for this cell and agent."""
    page = PAGE.read_text().replace("\\\n", " ")
    *_, line = re.findall(rf"# rabbitmqctl ({command} .*)", page)
    escaped = (re.sub(r"\.", r"\\.", name) for name in (cell, agent))
    said: str = line.replace("CELL", next(escaped)).replace("AGENT", next(escaped))
    return shlex.split(said)
