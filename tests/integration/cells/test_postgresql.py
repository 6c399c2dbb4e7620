"""Run every test of the stores on PostgreSQL."""

from tests.integration.cells import subject

globals().update(subject.moved(subject.OnPostgreSQL, __name__))
