"""Which hosts this agent serves, and whose their names are.

What is in hand is written down under a host's name, but belongs to the host's
own uuid, and a name may go from one to the other: a machine is renamed, or an
agent is started under another name. Until the cell has taken the new name, what
was written under the old one waits, and nobody builds or destroys for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping

from understudy.compute.driver import Driver
from understudy.compute.journal import Journal
from understudy.compute.tags import Tag, checked, checked_uuid
from understudy.objects.errors import InvalidRequest
from understudy.objects.host import Host
from understudy.objects.text import shown

LOG = logging.getLogger(__name__)


class Served:
    """The hosts as the driver last told them, and their names as the journal has them."""

    def __init__(self, journal: Journal) -> None:
        """Begin with the hosts that the journal knows."""
        self._journal = journal
        self._lock = threading.Lock()
        self._names = journal.host_names()
        self._owners = _turned(self._names)
        self._uuids = dict(self._owners)

    def look(self, driver: Driver) -> None:
        """Ask the driver; one that does not answer now is asked again with the next report."""
        try:
            hosts = driver.hosts()
        except Exception:
            LOG.exception("Which hosts there are is not known now")
        else:
            self.note(hosts)

    def note(self, hosts: Iterable[Host]) -> bool:
        """Serve these; False if they are the same as before."""
        uuids = {host.name: host.compute_node_uuid for host in hosts}
        with self._lock:
            if uuids == self._uuids:
                return False
            self._uuids = uuids
        for name, uuid in uuids.items():
            was = self._names.get(uuid, name)
            if was != name:
                LOG.warning(
                    "The host %s was called %s and is called %s now: what is in hand under the "
                    "old name waits until the cell has taken the new one",
                    *(uuid, was, name),
                )
        return True

    def accept(self, host: Host) -> bool:
        """Let the host have its name, as the cell does; False where nothing waited for that."""
        uuid, name = host.compute_node_uuid, host.name
        with self._lock:
            if self._names.get(uuid) == name:
                return False
            is_first = uuid not in self._names and name not in self._owners
        # Nobody waits for the disk who only asks for a name.
        self._journal.name_host(uuid, name)
        names = self._journal.host_names()
        with self._lock:
            self._names, self._owners = names, _turned(names)
        return not is_first

    def uuid_of(self, name: str) -> str | None:
        """Return the uuid of the host that has this name now, None where none has."""
        with self._lock:
            return self._uuids.get(name)

    def names_of(self, host: Host) -> set[str]:
        """Return the names under which something may be in hand for this host."""
        with self._lock:
            was = self._names.get(host.compute_node_uuid, host.name)
        return {was, host.name} if self.is_at_work(host.name) else {was}

    def is_at_work(self, name: str) -> bool:
        """Is what is written under this name for the host that has it now?"""
        with self._lock:
            uuid = self._uuids.get(name)
            return uuid is not None and self._owners.get(name, uuid) == uuid

    def ordered(
        self, host: object, host_uuid: object, instance_uuid: object, attempt: object
    ) -> Tag:
        """Return what an order is about, which is for exactly one of the hosts.

        Conductors of the first release say no `host_uuid`. Raises InvalidRequest.
        """
        tag = checked(host, instance_uuid, attempt)
        own = self.uuid_of(tag.host)
        if own is None or not self.is_at_work(tag.host):
            raise InvalidRequest(
                "host",
                f"this agent serves no {shown(tag.host)}",
                "name a host that it has registered",
            )
        if host_uuid is not None and checked_uuid("host_uuid", host_uuid) != own:
            raise InvalidRequest(
                "host_uuid",
                f"{shown(tag.host)} is {own} and not {host_uuid}",
                "order for the host that has the name now",
            )
        return tag


def _turned(names: Mapping[str, str]) -> dict[str, str]:
    return {name: uuid for uuid, name in names.items()}
