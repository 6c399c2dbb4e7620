"""Tell what is known of an instance that something is wrong with, from everywhere."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from tests.chaos.real.claims import ClaimWatch
from tests.chaos.real.cloud import ChaosCluster

LINES = 60
"""Of each instance's logs, at most; the newest."""
_TABLES = {
    "instance_mappings": "instance_uuid",
    "instances": "uuid",
    "attempts": "instance_uuid",
}
_UUID = re.compile(r"(req-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG = ("pick", "selection", "alternates")
"""Columns that would fill the screen."""


def about(cluster: ChaosCluster, claims: ClaimWatch, uuid: str) -> Iterator[str]:
    """Yield lines with its rows, its attempts, its claim, what exists, and what was logged."""
    yield f"=== {uuid}"
    urls = {"api": cluster.database_url}
    urls |= {cell.name: cell.database_url for cell in cluster.cells.values()}
    for name, url in urls.items():
        yield from _rows(name, url, uuid)
    yield f"  claim: {claims.held_by(uuid)}"
    yield f"  built: {[str(tag) for tag in cluster.built() if tag.instance_uuid == uuid]}"
    for noted in cluster.noted():
        if noted.tag.instance_uuid == uuid:
            yield f"  driver: {noted.at:.3f} {noted.event} {noted.tag}"
    yield from _logged(cluster, uuid)


def tracebacks(cluster: ChaosCluster) -> Counter[str]:
    """Return how often which exception stands in the services' logs with its traceback."""
    found: Counter[str] = Counter()
    for service in cluster.services:
        lines = iter(service.log.read_text(errors="replace").splitlines())
        before = ""
        for line in lines:
            if "Traceback (most recent call last)" in line:
                found[f"{service.told}: {_UUID.sub('...', before)[-160:]}"] += 1
            elif " ERROR " in line:
                before = line.partition(" ERROR ")[2]
    return found


def keep_logs(cluster: ChaosCluster, folder: Path) -> None:
    """Copy every log to where it outlives the cluster."""
    folder.mkdir(parents=True, exist_ok=True)
    for service in cluster.services:
        name = "".join(letter if letter.isalnum() else "-" for letter in service.told)
        shutil.copy(service.log, folder / f"{name}.log")
    for server in (cluster.rabbitmq, cluster.mariadb, cluster.placement):
        shutil.copy(server.log, folder / f"{type(server).__name__}.log")
    for cell in cluster.cells.values():
        for number, log in enumerate(cell.build_logs, 1):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(log, folder / f"{cell.name}-agent{number}.builds.log")


def _rows(name: str, url: str, uuid: str) -> Iterator[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as database:
        tables = set(sa.inspect(engine).get_table_names())
        for table, key in _TABLES.items():
            if table not in tables:
                continue
            query = sa.text(f"SELECT * FROM {table} WHERE {key} = :uuid")
            for row in database.execute(query, {"uuid": uuid}).mappings():
                facts = {k: v for k, v in row.items() if k not in _LONG and v is not None}
                yield f"  {name}.{table}: {facts}"


def _logged(cluster: ChaosCluster, uuid: str) -> Iterator[str]:
    found = [
        f"{line} [{service.told}]"
        for service in cluster.services
        for line in service.log.read_text(errors="replace").splitlines()
        if uuid in line
    ]
    yield from (f"  log: {line}" for line in sorted(found)[-LINES:])
