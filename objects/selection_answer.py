"""The scheduler's answer for many instances, each shared thing stored once.

Expanded, 100 instances with two alternates are 300 Selections that mostly
repeat each other: the same alternates, the same cells, allocation requests that
differ in the provider only. The answer travels as columns of distinct values
and rows of indexes; `picks` expands it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from oslo_versionedobjects import fields

from understudy.objects import allocation_template, base
from understudy.objects import fields as our_fields
from understudy.objects.selection import Selection


@dataclass(frozen=True, slots=True)
class Pick:
    """One instance's claimed Selection, the claim's generation, its alternates."""

    instance_uuid: str
    generation: int
    claimed: Selection
    alternates: Sequence[Selection]


@base.Registry.register
class SelectionAnswer(base.UnderstudyObject):
    """Every instance's claimed host and alternates.

    `columns`: {"cells": [uuid], "zones": [str | null], "versions": [str],
    "templates": [allocation template]}. `rows`: one per distinct Selection,
    [service_host, nodename or null where it is the same, compute_node_uuid or
    the index of it among the providers, [provider uuids], template, version,
    cell, zone, limits]. `instances`: [uuid, claim generation, row, alternate
    rows...], the claimed row first.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "request_id": fields.UUIDField(),
        "columns": our_fields.JsonField(),
        "rows": our_fields.JsonField(),
        "instances": our_fields.JsonField(),
    }

    request_id: str
    columns: dict[str, list[Any]]
    rows: list[list[Any]]
    instances: list[list[Any]]

    @classmethod
    def pack(cls, request_id: str, picks: Iterable[Pick]) -> SelectionAnswer:
        """Return the answer that holds these picks."""
        packer = _Packer()
        instances = [
            [
                pick.instance_uuid,
                pick.generation,
                packer.row(pick.claimed),
                *(packer.row(alternate) for alternate in pick.alternates),
            ]
            for pick in picks
        ]
        return cls(
            request_id=request_id,
            columns={name: list(column) for name, column in packer.columns.items()},
            rows=packer.rows,
            instances=instances,
        )

    def picks(self) -> list[Pick]:
        """Return what was packed, in the same order; equal Selections are one object."""
        selections = [self._selection(row) for row in self.rows]
        return [
            Pick(uuid, generation, selections[claimed], [selections[i] for i in alternates])
            for uuid, generation, claimed, *alternates in self.instances
        ]

    def _selection(self, row: Sequence[Any]) -> Selection:
        host, node, compute_node, providers, template, version, cell, zone, limits = row
        return Selection(
            compute_node_uuid=(
                providers[compute_node] if isinstance(compute_node, int) else compute_node
            ),
            service_host=host,
            nodename=host if node is None else node,
            cell_uuid=self.columns["cells"][cell],
            limits=limits,
            allocation_request=allocation_template.join(
                self.columns["templates"][template], providers
            ),
            allocation_request_version=self.columns["versions"][version],
            availability_zone=self.columns["zones"][zone],
        )


class _Packer:
    """Give each distinct value and each distinct Selection a number."""

    def __init__(self) -> None:
        """Start with empty columns."""
        self.columns: dict[str, dict[Any, int]] = {
            name: {} for name in ("cells", "zones", "versions", "templates")
        }
        self.rows: list[list[Any]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    def row(self, selection: Selection) -> int:
        """Return the number of this Selection's row."""
        limits = selection.limits
        key = (
            selection.compute_node_uuid,
            selection.allocation_request,
            selection.allocation_request_version,
            selection.service_host,
            selection.nodename,
            selection.cell_uuid,
            selection.availability_zone,
            None if limits is None else tuple(sorted(limits.items())),
        )
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append(self._pack(selection))
        return self._numbers[key]

    def _pack(self, selection: Selection) -> list[Any]:
        template, providers = allocation_template.split(selection.allocation_request)
        root = selection.compute_node_uuid
        return [
            selection.service_host,
            None if selection.nodename == selection.service_host else selection.nodename,
            providers.index(root) if root in providers else root,
            list(providers),
            self._number("templates", template),
            self._number("versions", selection.allocation_request_version),
            self._number("cells", selection.cell_uuid),
            self._number("zones", selection.availability_zone),
            None if selection.limits is None else dict(selection.limits),
        ]

    def _number(self, column: str, value: Any) -> int:
        return self.columns[column].setdefault(value, len(self.columns[column]))
