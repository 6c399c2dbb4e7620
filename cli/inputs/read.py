"""Read nodes or requests from a file, whichever form it is in, and place the nodes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from understudy.cli.bad_input import BadInput
from understudy.cli.inputs import files
from understudy.objects.build_request import BuildRequest
from understudy.objects.host import Host


def nodes(path: Path) -> list[Host]:
    """Return the hosts that the file lists; those of a CSV are in no cell yet."""
    if files.is_form(path):
        from understudy.cli.inputs import yaml_nodes

        hosts = yaml_nodes.read_nodes(path)
    else:
        from understudy.cli.inputs import openb

        hosts = openb.read_nodes(path)
    if not hosts:
        raise BadInput(str(path), "", "it lists no hosts", "list at least one")
    return hosts


def requests(
    path: Path, project_id: str, user_id: str, limit: int | None = None
) -> list[BuildRequest]:
    """Return the first `limit` requests that the file lists."""
    if files.is_form(path):
        from understudy.cli.inputs import yaml_requests

        found = yaml_requests.read_requests(path, project_id, user_id, limit)
    else:
        from understudy.cli.inputs import openb

        found = openb.read_pods(path, project_id, user_id, limit)
    if not found:
        raise BadInput(str(path), "", "it lists no requests", "list at least one")
    return found


def sample(hosts: Sequence[Host], count: int, seed: int) -> list[Host]:
    """Return `count` of the hosts, chosen by the seed, in their own order."""
    if count > len(hosts):
        raise BadInput(
            "--sample-hosts",
            "",
            f"there are {len(hosts)} hosts, not {count}",
            f"sample at most {len(hosts)}",
        )
    chosen = sorted(random.Random(seed).sample(range(len(hosts)), count))
    return [hosts[index] for index in chosen]


def in_cells(hosts: Sequence[Host], count: int) -> dict[str, list[Host]]:
    """Return the hosts by cell; those in none are dealt out to `count` cells in turn.

    The hosts of a cell that name no agent of their own share one.
    """
    cells: dict[str, list[Host]] = {}
    for number, host in enumerate(hosts):
        cell = host.cell_name or f"cell{number % count + 1}"
        host.cell_name = cell
        if not host.agent:
            host.agent = f"{cell}-agent"
        cells.setdefault(cell, []).append(host)
    return cells


def pick_broken(hosts: Sequence[Host], fraction: float, seed: int) -> frozenset[str]:
    """Return the names of this fraction of the hosts, chosen by the seed."""
    names = sorted(host.name for host in hosts)
    count = round(len(names) * fraction)
    return frozenset(random.Random(f"broken {seed}").sample(names, count))
