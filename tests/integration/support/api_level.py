"""What a service of the API level stands on, for tests of one that is a process."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import testtools

from tests.integration.support import shared
from tests.integration.support.service import at_placement
from understudy.cells import api_store, schema


def settings(test: testtools.TestCase, transport_url: str) -> dict[str, Mapping[str, object]]:
    """Return settings with an upgraded database and a Placement as new, which go with the test."""
    placement = shared.placement(test)
    database = shared.database(test, shared.mariadb(test), "api")
    with contextlib.closing(api_store.connect(database)) as store:
        schema.upgrade(store.database.engine, schema.Tree.API)
    return {
        "DEFAULT": {"transport_url": transport_url, "host": "one"},
        "api_database": {"connection": database},
        "placement": at_placement(placement.url),
    }
