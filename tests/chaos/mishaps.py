"""What honest hands do to an agent: another name for its host, a copy of its folder.

Nobody decides anything: after a while the host has its old name again, or the
copy is stopped. Until then nothing may be destroyed for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tests.chaos.agents import new_disk
from tests.chaos.services import Machine
from tests.chaos.watch import Watch
from understudy.compute.tags import Tag
from understudy.objects.host import Host, Provider


def renamed(machine: Machine) -> Machine:
    """Return the machine as it is when all its hosts are called something else."""
    names = {f"{host.name}-new": host.name for host in machine.hosts}
    hosts = [_called(f"{host.name}-new", host) for host in machine.hosts]
    return dataclasses.replace(machine, hosts=hosts, held=UnderNewNames(machine.watch, names))


def copied(machine: Machine) -> Machine:
    """Return a second agent of the same machine, on a copy of the first one's folder."""
    disk = new_disk()
    machine.disk.backup(disk)
    identity = dataclasses.replace(machine.identity, origin="another-folder")
    return dataclasses.replace(machine, disk=disk, identity=identity)


def _called(name: str, host: Host) -> Host:
    root = host.providers[0]
    provider = Provider(uuid=root.uuid, name=name, inventories=root.inventories)
    return Host(
        name=name,
        nodename=name,
        compute_node_uuid=host.compute_node_uuid,
        agent=host.agent,
        providers=[provider],
    )


class UnderNewNames:
    """What exists on hosts whose names nobody has decided on: it is not to be touched."""

    def __init__(self, watch: Watch, names: Mapping[str, str]) -> None:
        """`names` says what each host was called before."""
        self._watch = watch
        self._names = names

    def add(self, tag: Tag) -> None:
        """Let it exist, which is wrong."""
        self._watch.undecided(self._old(tag), "is made")
        self._watch.add(self._old(tag))

    def remove(self, tag: Tag) -> None:
        """Let it be gone, which is wrong if it was there."""
        if self._old(tag) in self._watch.on(self._old(tag).host):
            self._watch.undecided(self._old(tag), "is destroyed")
        self._watch.remove(self._old(tag))

    def on(self, host: str) -> list[Tag]:
        """Return what exists there, under the new name."""
        return [tag._replace(host=host) for tag in self._watch.on(self._names.get(host, host))]

    def _old(self, tag: Tag) -> Tag:
        return tag._replace(host=self._names.get(tag.host, tag.host))
