"""Run every test of the stores on MariaDB."""

from tests.integration.cells import subject
from tests.unit.cells.moved import moved

globals().update(moved(subject.OnMariaDB, __name__))
