"""Read what a conductor orders; it is JSON, and of any form until it is checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from understudy.compute.tags import Tag, checked
from understudy.objects.errors import InvalidRequest
from understudy.objects.orders import Orders
from understudy.objects.text import shown

LOG = logging.getLogger(__name__)

Order = tuple[Any, Any, Any, Any]
"""A host's name, an instance's uuid, an attempt, and the host's uuid, none of them checked."""


def read(orders: Orders) -> Iterator[Order]:
    """Return what is to be torn down; what is no such order is left out, and said.

    A conductor of the first release says no uuids of hosts, and then none at all.
    """
    for host, uuid, attempt in _triples(orders.tear_down):
        if orders.host_uuids and host not in orders.host_uuids:
            LOG.warning("An order for %s is left out: it does not say which host", shown(host))
        else:
            yield host, uuid, attempt, orders.host_uuids.get(host)


class Unknown:
    """What is held here and unknown to the cell, each said once."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: dict[str, set[Tag]] = {}

    def news(self, orders: Orders) -> list[Tag]:
        """Return what was not said before; of a host that is named, the rest is forgotten."""
        found: dict[str, set[Tag]] = {}
        for triple in _triples(orders.unknown):
            try:
                tag = checked(*triple)
            except InvalidRequest as error:
                LOG.warning("What a cell says that it does not know is none of ours: %s", error)
            else:
                found.setdefault(tag.host, set()).add(tag)
        news = {tag for host, tags in found.items() for tag in tags - self._said.get(host, set())}
        self._said |= found
        return sorted(news)


def _triples(said: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Return (host, instance uuid, attempt) of {host: [[instance uuid, attempt], ...]}."""
    if not isinstance(said, dict):
        LOG.warning("Orders are left out, for they are not by host: %s", shown(said))
        return
    for host, pairs in said.items():
        if not isinstance(pairs, list | tuple):
            LOG.warning("Orders for %s are left out: %s", shown(host), shown(pairs))
            continue
        for pair in pairs:
            match pair:
                case (uuid, attempt):
                    yield host, uuid, attempt
                case _:
                    LOG.warning("An order for %s is left out: %s", shown(host), shown(pair))
