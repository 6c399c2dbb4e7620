"""Every exception that crosses the bus is typed, and so is every silence."""

import logging

import fixtures

from tests.functional.rpcapi.recording import PATIENCE, Holding, Recording
from tests.functional.support.buses import BusTestCase
from tests.unit.objects import samples
from understudy.objects.errors import IllegalMove, InvalidRequest
from understudy.rpcapi import errors
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.client import Client
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import SuperConductorClient

CTXT = RequestContext("a-project", "a-user")
VM = samples.uuid(2)


class Stranger(Client):
    """Asks the cell conductor for what it does not have."""

    service = "conductor"
    version = "1.0"

    def ask(self, method: str) -> None:
        self._call(CTXT, method, timeout=PATIENCE)

    def ask_newer(self) -> None:
        self._pinned = "1.9"
        self._rpc.version_cap = "1.9"
        self._call(CTXT, "torn_down", since="1.9", timeout=PATIENCE)


class FailuresTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses(cells=2)
        self.cell, self.other = self.buses.cells
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))

    def failing_with(self, error: Exception) -> CellConductorClient:
        self.buses.serve(self.cell, "conductor", Recording("torn_down", answer=error))
        return CellConductorClient(self.cell)

    def test_an_error_of_ours_crosses_as_it_is(self) -> None:
        sent = errors.Superseded(VM, 1, 2)
        client = self.failing_with(sent)
        error = self.assertRaises(errors.Superseded, client.torn_down, CTXT, "host-1", VM, 1)
        self.assertEqual((type(sent), sent.args, str(sent)), (type(error), error.args, str(error)))
        self.assertEqual("", self.log.output)

    def test_an_error_about_data_crosses_as_it_is(self) -> None:
        client = self.failing_with(InvalidRequest("count", "0 is too low", "give 1 or more"))
        error = self.assertRaises(InvalidRequest, client.torn_down, CTXT, "host-1", VM, 1)
        self.assertEqual("count: 0 is too low; give 1 or more", str(error))

    def test_an_error_within_the_data_crosses_too(self) -> None:
        client = self.failing_with(IllegalMove("ACTIVE", "BUILDING"))
        self.assertRaises(IllegalMove, client.torn_down, CTXT, "host-1", VM, 1)

    def test_an_unexpected_error_crosses_typed_and_is_logged_once(self) -> None:
        client = self.failing_with(KeyError("password"))
        error = self.assertRaises(
            errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", VM, 1
        )
        self.assertEqual("conductor", error.service)
        self.assertIn("torn_down met an unexpected KeyError", str(error))
        self.assertNotIn("password", str(error))
        self.assertEqual(1, self.log.output.count("Traceback"))

    def test_what_is_not_exposed_cannot_be_called(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording())
        error = self.assertRaises(errors.BadRequest, Stranger(self.cell).ask, "secret")
        self.assertEqual(("conductor", "there is no method secret"), error.args)

    def test_what_only_a_newer_service_has_is_typed(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        error = self.assertRaises(errors.UnsupportedVersion, Stranger(self.cell).ask_newer)
        self.assertEqual("version 1.9 of its interface", error.said)
        self.assertNotIn("Traceback", self.log.output)
        self.assertNotIn("ask again", str(error))

    def test_no_answer_in_time_is_typed(self) -> None:
        holding = Holding()
        self.addCleanup(holding.go_on.set)
        self.buses.serve(self.cell, "conductor", holding)

        class Impatient(Stranger):
            def ask(self, method: str) -> None:
                self._call(CTXT, method, timeout=0.05, instance_uuids=[])

        error = self.assertRaises(
            errors.ServiceUnavailable, Impatient(self.cell).ask, "end_instances"
        )
        self.assertIn("no answer to end_instances within 0.05 s", str(error))
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        holding.go_on.set()

    def test_a_call_that_nobody_listens_for_fails_at_once(self) -> None:
        client = SuperConductorClient(self.buses.api, timeout=PATIENCE)
        error = self.assertRaises(errors.ServiceUnavailable, client.list_cells, CTXT)
        self.assertIn("nobody listens for list_cells", str(error))

    def test_a_cast_that_nobody_listens_for_fails(self) -> None:
        self.buses.serve(self.cell, "compute", Recording("tear_down"), name="agent-1")
        client = ComputeClient(self.cell)
        client.tear_down(CTXT, "agent-1", "host-1", samples.uuid(4), VM, 1)
        order = (CTXT, "agent-2", "host-2", samples.uuid(4), VM, 1)
        error = self.assertRaises(errors.ServiceUnavailable, client.tear_down, *order)
        self.assertIn("nobody listens for tear_down", str(error))

    def test_a_bus_of_another_name_does_not_reach_a_cell(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        client = CellConductorClient(self.other)
        self.assertRaises(errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", VM, 1)

    def test_a_broker_that_is_down_is_typed(self) -> None:
        bus = Bus.open("cell9", "rabbit://127.0.0.1:1/")
        self.addCleanup(bus.close)
        client = CellConductorClient(bus, timeout=5)
        error = self.assertRaises(
            errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", VM, 1
        )
        self.assertIn("Connection refused", str(error))
