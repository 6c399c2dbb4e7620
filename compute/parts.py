"""What an agent is made of: its interface and its reports, without bus or threads."""

from __future__ import annotations

import time
from collections.abc import Callable

from understudy.compute.agent import Agent
from understudy.compute.conductor import CellConductor, Reports
from understudy.compute.driver import Driver
from understudy.compute.endpoints import ComputeEndpoint
from understudy.compute.journal import Journal
from understudy.compute.pools import Pools
from understudy.compute.registrations import Registrations
from understudy.compute.reporter import Reporter
from understudy.compute.served import Served
from understudy.compute.settings import Settings
from understudy.compute.steps import Steps
from understudy.compute.voice import Voice


class AgentParts:
    """Every part, put together once, on an open journal.

    `endpoint` is what is called; `agent` goes on with what was left, and
    `reporter` is to be run on a thread of its own.
    """

    def __init__(
        self,
        voice: Voice,
        driver: Driver,
        conductor: CellConductor,
        journal: Journal,
        pools: Pools,
        settings: Settings,
        *,
        hurry: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve the driver's hosts, and speak so; `hurry` makes the reporter report now."""
        registrations = Registrations()
        served = Served(journal)
        # Casts may wait in the bus already, and are held against the hosts that there are.
        served.look(driver)
        reports = Reports(conductor, journal, voice, served, registrations.lose)

        def emptied(host: str) -> None:
            # A host that was to be rid of things first is registered as soon as it is.
            if registrations.is_ordered(host):
                hurry()

        steps = Steps(driver, journal, reports, emptied)
        self.agent = Agent(journal, served, steps, pools, settings.backoff)
        self.endpoint = ComputeEndpoint(self.agent)
        self.reporter = Reporter(
            voice,
            driver,
            conductor,
            journal,
            self.agent,
            registrations,
            settings,
            clock,
        )
