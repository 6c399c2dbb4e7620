"""Run every test of the stores on the simulated databases."""

from tests.chaos.simulated import database_subject
from tests.unit.cells.moved import moved

globals().update(moved(database_subject.OnSimulated, __name__))
