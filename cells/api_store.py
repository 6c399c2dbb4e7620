"""The API database, all of it in one object."""

from __future__ import annotations

from understudy.cells import errors
from understudy.cells.api.announcing import MappingAnnouncer
from understudy.cells.api.cells import Cells
from understudy.cells.api.hand_overs import HandOvers
from understudy.cells.api.hosts import HostMappings
from understudy.cells.api.listing import Unmapped
from understudy.cells.api.mappings import Mappings
from understudy.cells.api.requests import Requests
from understudy.cells.engines import Database, Limits
from understudy.cells.outbox import Outbox
from understudy.cells.services import Services
from understudy.cells.tables_api import notifications, services, turns
from understudy.cells.transactions import Clock


class ApiStore:
    """Each method is one transaction, and is described where it is defined.

    Any of them raises ApiDatabaseUnreachable. Safe to share between threads,
    and to make before a fork.
    """

    def __init__(  # noqa: PLR0915 - a list, not a procedure
        self, database: Database, *, announces: bool = False
    ) -> None:
        """Work on this database, whose schema is in place.

        If it `announces`, events of instances are written down to be published.
        """
        self.database = database

        everything = Clock(database)
        self.clock = everything.clock
        self.ping = everything.ping

        announcer = MappingAnnouncer(notifications if announces else None)
        self.outbox = Outbox(database, notifications, turns)

        requests = Requests(database, announcer)
        self.accept = requests.accept
        self.repeated = requests.repeated
        self.request = requests.request
        self.take_request = requests.take_request
        self.put_off_request = requests.put_off_request
        self.record_answer = requests.record_answer
        self.finish_request = requests.finish_request
        self.waiting_requests = requests.waiting_requests
        self.count_requests = requests.count_requests

        mappings = Mappings(database, announcer)
        self.mapping = mappings.mapping
        self.mappings_of = mappings.mappings_of
        self.whereabouts = mappings.whereabouts
        self.selected_lately = mappings.selected_lately
        self.count_waiting = mappings.count_waiting
        self.map_to_cell = mappings.map_to_cell
        self.fail_unmapped = mappings.fail_unmapped
        self.begin_deleting = mappings.begin_deleting
        self.end_deleting = mappings.end_deleting
        self.deleting = mappings.deleting
        self.list_unmapped = Unmapped(database).list_unmapped

        hand_overs = HandOvers(database)
        self.begin_hand_over = hand_overs.begin_hand_over
        self.hand_over = hand_overs.hand_over
        self.put_back_hand_over = hand_overs.put_back_hand_over
        self.give_up_hand_over = hand_overs.give_up_hand_over
        self.handing_over = hand_overs.handing_over

        cells = Cells(database)
        self.add_cell = cells.add_cell
        self.update_cell = cells.update_cell
        self.remove_cell = cells.remove_cell
        self.cells = cells.cells
        self.cell = cells.cell
        self.cell_by_uuid = cells.cell_by_uuid

        hosts = HostMappings(database)
        self.host_mappings = hosts.host_mappings
        self.cells_of_hosts = hosts.cells_of_hosts
        self.put_host_mappings = hosts.put_host_mappings
        self.remove_host_mapping = hosts.remove_host_mapping
        self.hosts_version = hosts.hosts_version

        processes = Services(database, services)
        self.beat_service = processes.beat_service
        self.services = processes.services

    def close(self) -> None:
        """Close this process's connections."""
        self.database.close()


def connect(url: str, limits: Limits | None = None, *, announces: bool = False) -> ApiStore:
    """Return the API database at this URL; nothing is opened until it is used."""
    return ApiStore(Database(url, errors.ApiDatabaseUnreachable, limits), announces=announces)
