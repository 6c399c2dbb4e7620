"""Begin with requests, each at most once at a time in this process."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from threading import Lock

from understudy.cells.api_store import ApiStore
from understudy.conductor.selecting import RequestWorker

LOG = logging.getLogger(__name__)

BATCH = 100
"""Waiting requests looked at in one sweep."""


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
        self._lock = Lock()

    def begin(self, request_id: str) -> None:
        """Work on the request as soon as a thread is free, unless it waits for one already."""
        with self._lock:
            if request_id in self._begun:
                return
            self._begun.add(request_id)
        self._submit(functools.partial(self._work, request_id))

    def sweep(self) -> None:
        """Begin with every request that waits. Raises ApiDatabaseUnreachable."""
        for request_id in self._api.waiting_requests(BATCH):
            self.begin(request_id)

    def _work(self, request_id: str) -> None:
        try:
            self._requests.work(request_id)
        except Exception:
            LOG.exception("request %s is tried again when its lease has run out", request_id)
        finally:
            with self._lock:
                self._begun.discard(request_id)
