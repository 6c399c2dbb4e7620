"""Every case, on real servers, and the plainest of them on PostgreSQL too."""

from __future__ import annotations

from tests.functional.cloud import building, leaving_cells
from tests.functional.cloud.moved import moved
from tests.integration.cloud.subject import OnMariaDB, OnPostgreSQL

globals().update(moved(OnMariaDB, __name__))


class BuildingOnPostgreSQLTest(OnPostgreSQL, building.Building):
    pass


class LeavingCellsOnPostgreSQLTest(OnPostgreSQL, leaving_cells.LeavingCells):
    pass
