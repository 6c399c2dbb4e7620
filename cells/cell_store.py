"""A cell's database, all of it in one object."""

from __future__ import annotations

import functools

from understudy.cells import errors
from understudy.cells.cell.announcing import InstanceAnnouncer
from understudy.cells.cell.beats import Beats
from understudy.cells.cell.builds import Builds
from understudy.cells.cell.endings import Endings
from understudy.cells.cell.groups import Groups
from understudy.cells.cell.hand_overs import HandOvers
from understudy.cells.cell.host_names import HostNames
from understudy.cells.cell.hosts import Hosts
from understudy.cells.cell.leasing import Leasing
from understudy.cells.cell.listing import Listing
from understudy.cells.cell.moves import Moves
from understudy.cells.cell.refused_hosts import RefusedHosts
from understudy.cells.cell.reports import Reports
from understudy.cells.cell.sweeps import Sweeps
from understudy.cells.engines import Database, Limits
from understudy.cells.outbox import Outbox
from understudy.cells.services import Services
from understudy.cells.tables_cell import notifications, services, turns
from understudy.cells.transactions import Clock


class CellStore:
    """Each method is one transaction, and is described where it is defined.

    Any of them raises CellUnreachable. Safe to share between threads, and to
    make before a fork.
    """

    def __init__(  # noqa: PLR0915 - a list, not a procedure
        self, name: str, database: Database, *, announces: bool = False
    ) -> None:
        """Work on the database of the cell of this name, whose schema is in place.

        If it `announces`, events of instances are written down to be published.
        """
        self.name = name
        self.database = database

        everything = Clock(database)
        self.clock = everything.clock
        self.ping = everything.ping

        announcer = InstanceAnnouncer(notifications if announces else None, name)
        self.outbox = Outbox(database, notifications, turns)

        builds = Builds(database, announcer)
        self.insert_build = builds.insert_build
        self.insert_failed = builds.insert_failed
        self.instance = builds.instance
        self.attempts = builds.attempts
        self.request_of = builds.request_of

        leasing = Leasing(database)
        self.take = leasing.take
        self.release = leasing.release
        self.put_off = leasing.put_off

        reports = Reports(database, announcer)
        self.mark_cast = reports.mark_cast
        self.start = reports.start
        self.succeed = reports.succeed
        self.fail = reports.fail

        moves = Moves(database, announcer)
        self.next_attempt = moves.next_attempt
        self.retarget = moves.retarget
        self.claimed = moves.claimed
        self.set_generation = moves.set_generation
        self.exhaust = moves.exhaust

        hand_overs = HandOvers(database)
        self.begin_hand_over = hand_overs.begin_hand_over
        self.handed_over = hand_overs.handed_over

        endings = Endings(database, announcer)
        self.begin_failing = endings.begin_failing
        self.begin_deleting = endings.begin_deleting
        self.mark_cleaned = endings.mark_cleaned
        self.uncleaned = endings.uncleaned
        self.end = endings.end

        sweeps = Sweeps(database)
        self.overdue = sweeps.overdue
        self.exhausted = sweeps.exhausted
        self.failed_among = sweeps.failed_among
        self.building_on = sweeps.building_on
        self.counts = sweeps.counts
        self.holders = sweeps.holders

        hosts = Hosts(database)
        self.register_host = hosts.register_host
        self.mark_schedulable = hosts.mark_schedulable
        self.mark_down = hosts.mark_down
        self.set_admin_state = hosts.set_admin_state
        self.bind_host = hosts.bind_host
        self.record_providers = hosts.record_providers
        self.held_on = hosts.held_on
        self.remove_host = hosts.remove_host
        self.recorded_providers = hosts.recorded_providers
        self.hosts_like = hosts.hosts_like
        self.hosts = hosts.hosts
        self.host = hosts.host
        self.hosts_named = hosts.hosts_named
        self.hosts_to_close = hosts.hosts_to_close
        self.instances_per_host = hosts.instances_per_host
        self.recent_faults = hosts.recent_faults

        refused = RefusedHosts(database)
        self.note_refused = refused.note_refused
        self.refused_hosts = refused.refused_hosts
        self.refused_as = refused.refused_as
        self.approve_host = refused.approve_host
        self.forget_refused = refused.forget_refused
        self.rename_host = HostNames(database).rename_host

        beats = Beats(database)
        self.beat = beats.beat
        self.strays = beats.strays

        listing = Listing(database, name)
        self.list_instances = listing.list_instances
        self.to_instance = listing.to_instance
        self.group_hosts = Groups(database).group_hosts

        processes = Services(database, services)
        self.beat_service = processes.beat_service
        self.services = processes.services

    def close(self) -> None:
        """Close this process's connections."""
        self.database.close()


def connect(
    name: str, url: str, limits: Limits | None = None, *, announces: bool = False
) -> CellStore:
    """Return the database of the cell of this name; nothing is opened until it is used."""
    unreachable = functools.partial(errors.CellUnreachable, name)
    return CellStore(name, Database(url, unreachable, limits), announces=announces)
