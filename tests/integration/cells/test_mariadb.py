"""Run every test of the stores on MariaDB."""

from tests.integration.cells import subject

globals().update(subject.moved(subject.OnMariaDB, __name__))
