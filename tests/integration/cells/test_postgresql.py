"""Run every test of the stores on PostgreSQL."""

from tests.integration.cells import subject
from tests.unit.cells.moved import moved

globals().update(moved(subject.OnPostgreSQL, __name__))
