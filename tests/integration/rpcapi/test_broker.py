"""What becomes of calls and casts when the broker goes away, and of messages nobody waits for."""

from __future__ import annotations

from tests.functional.rpcapi.recording import PATIENCE, Holding, Recording
from tests.integration.rpcapi.subject import OnOneBus
from tests.integration.support.waiting import wait_until
from tests.unit.objects import samples
from understudy.rpcapi import errors
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

CTXT = RequestContext("a-project", "a-user")
VM = samples.uuid(2)
PROMPT = 3.0
"""Seconds that a call may wait here."""


class BrokerTest(OnOneBus):
    def setUp(self) -> None:
        super().setUp()
        self.client = CellConductorClient(self.cell, timeout=PROMPT)

    def tear_down(self) -> None:
        """A call."""
        self.client.torn_down(CTXT, "host-1", VM, 1)

    def tears_down(self) -> bool:
        try:
            self.tear_down()
        except errors.ServiceUnavailable:
            return False
        return True

    def refusal(self) -> str:
        """Return what is said of a call that does not arrive."""
        return str(self.assertRaises(errors.ServiceUnavailable, self.tear_down))

    def ready(self) -> int:
        return self.buses.ready(self.cell, "conductor")

    def stopped_server(self) -> None:
        """Leave a queue that nobody listens to."""
        server = Server(self.cell, "conductor", [Recording("torn_down")], name="one")
        server.start()
        server.stop()
        server.wait()

    def test_all_queues_survive_the_broker_by_quorum(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        self.tear_down()
        kinds = self.broker.queue_kinds(self.url)
        self.assertIn(self.cell.topic("conductor"), kinds)
        self.assertEqual({"quorum"}, set(kinds.values()), str(kinds))

    def test_replies_come_to_a_queue_that_is_named_after_the_process(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        self.tear_down()
        replies = [name for name in self.broker.queues(self.url) if name.startswith("reply_")]
        self.assertEqual(1, len(replies))
        self.assertIn("understudy-tests", replies[0])

    def test_a_call_that_nobody_takes_is_gone_when_its_caller_is(self) -> None:
        self.stopped_server()
        client = CellConductorClient(self.cell, timeout=1)
        self.assertRaises(errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", VM, 1)
        wait_until(lambda: self.ready() == 0, "the end of the call", seconds=PATIENCE)

    def test_a_cast_waits_for_the_next_server_through_a_crash_of_the_broker(self) -> None:
        self.stopped_server()
        self.client.end_instances(CTXT, ["a", "b"])
        self.broker.kill()
        self.assertFalse(self.tears_down())
        self.broker.start()
        holding = Holding()
        holding.go_on.set()
        self.buses.serve(self.cell, "conductor", holding)
        wait_until(lambda: holding.done == ["a", "b"], "the delivery of the cast")

    def test_calls_go_on_after_a_restart(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        self.tear_down()
        self.broker.stop()
        self.assertFalse(self.tears_down())
        self.broker.start()
        wait_until(self.tears_down, "a call after the restart")

    def test_calls_go_on_after_connections_were_cut(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        self.tear_down()
        # The broker says who is connected a few seconds late.
        wait_until(lambda: len(self.broker.connections(self.url)) > 2, "the list of connections")
        self.broker.cut_connections(self.url)
        wait_until(self.tears_down, "a call after the cut")

    def test_a_frozen_broker_is_typed(self) -> None:
        """And no time is spent on trying again what would be as silent."""
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        self.tear_down()
        with self.broker.frozen():
            # Over the connection that there is, then over one that cannot be made.
            self.assertIn("it took the message and said nothing more", self.refusal())
            self.assertIn("timed out", self.refusal())
        wait_until(self.tears_down, "a call after the thaw")

    def test_a_first_call_to_a_frozen_broker_is_typed_too(self) -> None:
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        newcomer = self.buses.open(self.cell.name)
        client = CellConductorClient(newcomer, timeout=1)
        with self.broker.frozen():
            error = self.assertRaises(
                errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", VM, 1
            )
        self.assertIn("timed out", str(error))
        wait_until(self.tears_down, "a call after the thaw")

    def test_a_bus_with_a_frozen_broker_can_be_closed(self) -> None:
        newcomer = self.buses.open(self.cell.name)
        self.buses.serve(self.cell, "conductor", Recording("torn_down"))
        CellConductorClient(newcomer, timeout=PROMPT).torn_down(CTXT, "host-1", VM, 1)
        with self.broker.frozen():
            newcomer.close()
        wait_until(self.tears_down, "a call after the thaw")
