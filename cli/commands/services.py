"""`understudy service list` and `cell list`: is everything there?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from understudy.cli.commands import base


class ServiceList(base.OurLister):
    """List the processes of all cells, and whether each is alive."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Fetch them."""
        with self.cloud() as cloud:
            page = cloud.client.list_services(cloud.context())
        self.warn_unanswered(page.cells_unanswered)
        return ("Binary", "Name", "Cell", "Alive", "Silent for"), [
            (
                service.binary,
                service.name,
                service.cell_name,
                service.alive,
                round(service.seconds_since_heartbeat, 1),
            )
            for service in page.services
        ]


class CellList(base.OurLister):
    """List the cells, and whether each one's database answers."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Fetch them."""
        with self.cloud() as cloud:
            cells = cloud.client.list_cells(cloud.context())
        self.warn_unanswered([cell.name for cell in cells if not cell.answers])
        return ("UUID", "Name", "Enabled", "Answers", "Hosts", "Instances", "Bus", "Database"), [
            (
                cell.uuid,
                cell.name,
                cell.enabled,
                cell.answers,
                cell.hosts,
                cell.instances,
                cell.transport_url,
                cell.database_url,
            )
            for cell in cells
        ]
