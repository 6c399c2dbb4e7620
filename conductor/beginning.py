"""Begin with requests, each at most once at a time in this process, and few at a time.

What is left out is in the database, and is fetched when there is room again.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from threading import Lock

from understudy.cells.api_store import ApiStore
from understudy.cells.errors import ApiDatabaseUnreachable
from understudy.conductor.patience import apart
from understudy.conductor.selecting import RequestWorker
from understudy.rpcapi import logs

LOG = logging.getLogger(__name__)

BATCH = 100
"""Requests that wait in the process for a thread, and that one sweep looks at."""


class Beginner:
    """Hands requests to threads."""

    def __init__(
        self,
        api: ApiStore,
        requests: RequestWorker,
        submit: Callable[[Callable[[], None]], object],
    ) -> None:
        """`submit` runs what it is given on some thread, as soon as one is free."""
        self._api = api
        self._requests = requests
        self._submit = submit
        self._begun: set[str] = set()
        self._left_out = False
        self._lock = Lock()

    def begin(self, request_id: str) -> None:
        """Work on the request as soon as a thread is free, unless it waits for one already."""
        with self._lock:
            if request_id in self._begun:
                return
            if len(self._begun) >= BATCH:
                self._left_out = True
                return
            self._begun.add(request_id)
        self._submit(functools.partial(self._work, request_id))

    def sweep(self) -> None:
        """Begin with every request that waits. Raises ApiDatabaseUnreachable."""
        waiting = self._api.waiting_requests(BATCH)
        if len(waiting) == BATCH:
            with self._lock:
                self._left_out = True
        for request_id in waiting:
            self.begin(request_id)

    def _work(self, request_id: str) -> None:
        with logs.about(request_id), apart(f"the work on request {request_id}"):
            self._requests.work(request_id)
        if self._has_room_again(request_id):
            self._fetch_more()

    def _has_room_again(self, request_id: str) -> bool:
        """Note the end of the work; are those that were left out to be fetched now?"""
        with self._lock:
            self._begun.discard(request_id)
            if not self._left_out or len(self._begun) > BATCH // 2:
                return False
            self._left_out = False
            return True

    def _fetch_more(self) -> None:
        try:
            self.sweep()
        except ApiDatabaseUnreachable as error:
            LOG.warning("requests that wait are begun with at the next sweep: %s", error)
