"""Hosts and their trees of providers, with uuids that follow from their names.

The same file always makes the same cloud, so two runs can be compared and a
cloud that was kept on disk is found again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping

from understudy.objects.host import Host, Provider

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "understudy.inputs")
GPU_MILLI = "CUSTOM_GPU_MILLI"
WHOLE_GPU = 1000


def uuid_of(*names: str) -> str:
    """Return the one uuid that belongs to these names."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def model_trait(model: str) -> str:
    """Return the trait that a GPU of this model has: "V100-32" is CUSTOM_GPU_V100_32."""
    return "CUSTOM_GPU_" + re.sub(r"[^A-Z0-9]+", "_", model.upper())


def root(host: str, totals: Mapping[str, int], traits: Iterable[str] = ()) -> Provider:
    """Return the provider that is the host itself."""
    return Provider(
        uuid=uuid_of("host", host),
        name=host,
        inventories={name: {"total": total} for name, total in totals.items()},
        traits=list(traits),
    )


def gpus(host: str, count: int, model: str) -> list[Provider]:
    """Return one provider below the host for each of its GPUs."""
    return [
        Provider(
            uuid=uuid_of("host", host, f"gpu{number}"),
            name=f"{host}/gpu{number}",
            parent_uuid=uuid_of("host", host),
            inventories={GPU_MILLI: {"total": WHOLE_GPU}},
            traits=[model_trait(model)],
        )
        for number in range(count)
    ]


def host(name: str, providers: list[Provider], cell: str | None = None) -> Host:
    """Return the host that consists of these providers, the root first.

    It has no agent until `read.in_cells` puts it into a cell.
    """
    return Host(
        name=name,
        nodename=name,
        compute_node_uuid=providers[0].uuid,
        agent="",
        providers=providers,
        cell_name=cell,
    )
