"""Starts an agent on its bus, and stops or kills it."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from pathlib import Path

from understudy.compute.bell import Bell
from understudy.compute.conductor import CellConductor
from understudy.compute.driver import Driver
from understudy.compute.identity import Identity, load
from understudy.compute.journal import Journal
from understudy.compute.parts import AgentParts
from understudy.compute.pools import ThreadPools
from understudy.compute.settings import Settings
from understudy.compute.voice import Voice
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.server import Server

LOG = logging.getLogger(__name__)


class ComputeService:
    """One agent process, on its cell's bus."""

    def __init__(
        self,
        bus: Bus,
        agent: str,
        driver: Driver,
        journal_path: Path | str,
        settings: Settings | None = None,
        conductor: CellConductor | None = None,
        identity: Identity | None = None,
    ) -> None:
        """Take an open bus and a driver; nothing is opened or started before `start`.

        `agent` is the name to listen under, the same as in the driver's hosts.
        `conductor` is for tests; by default it is reached over the bus. Left out,
        `identity` is what lies beside the journal.
        """
        self._bus = bus
        self._name = agent
        self._driver = driver
        self._journal_path = journal_path
        self._identity = identity
        self._settings = settings or Settings()
        self._conductor = conductor or CellConductorClient(
            bus, timeout=self._settings.answer_seconds
        )

    def start(self) -> None:
        """Listen, go on with what was left unfinished, register and beat.

        Where that fails, nothing of it stays: another try needs the journal.
        """
        with ExitStack() as undo:
            undo.callback(self._driver.close)
            self._start(undo)
            undo.pop_all()

    def _start(self, undo: ExitStack) -> None:
        settings = self._settings
        # Before the journal is made: one without an identity is the first release's.
        identity = self._identity or load(self._journal_path, self._name)
        self._journal = Journal(self._journal_path)
        undo.callback(self._journal.close)
        self._pools = ThreadPools(settings.build_workers, settings.call_workers)
        undo.callback(self._pools.close)
        self._bell = Bell()
        parts = AgentParts(
            Voice(self._name, identity),
            self._driver,
            self._conductor,
            self._journal,
            self._pools,
            settings,
            hurry=self._bell.ring,
        )
        self._reporter = parts.reporter
        self._server = Server(self._bus, "compute", [parts.endpoint], name=self._name)
        # Before anything is begun: it is what fails, while there is no broker.
        self._server.start()
        parts.agent.resume()
        self._start_reporting()

    def stop(self) -> None:
        """Take no more work; wait for what runs, and leave the rest to the journal.

        The agent beats until the end, so that its hosts are not taken for dead.
        """
        self._server.stop()
        self._server.wait()
        if not self._pools.drain(self._settings.stop_grace_seconds):
            LOG.warning("Some builds or teardowns did not end in time; the next start does them")
        self._bell.stop()
        self._journal.close()
        self._driver.close()
        self._reporting.join(self._settings.answer_seconds)

    def kill(self) -> None:
        """End as if killed: nothing more is written, told, built or destroyed.

        For tests. What is being said at this moment may still arrive.
        """
        self._journal.close()
        self._driver.close()
        self._bell.stop()
        self._pools.close()
        self._server.stop()

    def _start_reporting(self) -> None:
        self._reporting = threading.Thread(
            target=self._reporter.run, args=(self._bell,), name="reporter", daemon=True
        )
        self._reporting.start()
