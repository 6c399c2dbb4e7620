"""What must hold between two releases, whichever service it is."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import fixtures
import testtools

from tests.functional.upgrade import tomorrow
from tests.functional.upgrade.peers import RELEASE, Behind, OldBus
from tests.unit.objects import samples
from understudy.rpcapi import embedded, errors
from understudy.rpcapi.bus import EMBEDDED, Bus
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

CTXT = RequestContext("a-project", "a-user")
AGENT = "agent-1"
TODAY = samples.everything()


def trace_of(thing: Any) -> Any:
    """Return the new field, None where it was taken back."""
    return thing.trace


class RollingCase(testtools.TestCase):
    """A subclass says which service, and what its method takes and answers."""

    method: str
    old: Any
    """(client, endpoint) of this release."""
    new: Any
    """(client, endpoint) of the next one."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.ERROR))
        self.useFixture(tomorrow.Registered())
        self.name = f"bus-{uuid.uuid4().hex[:8]}"
        self.addCleanup(embedded.forget, f"understudy.{self.name}.")

    # --- what a subclass says

    def answer(self) -> Any:
        """Return what the service answers, as tomorrow's code has it."""
        raise NotImplementedError

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        """Return what the method is called with, with tomorrow's objects or today's."""
        raise NotImplementedError

    def arrived(self, call: tuple[Any, ...]) -> Any:
        """Return the object among the arguments that may have a new field."""
        raise NotImplementedError

    def answered(self, answer: Any) -> Any:
        """Return the object in the answer that may have a new field."""
        return answer

    # --- peers

    def bus(self, kind: type[Bus] = Bus, release: str | None = None) -> Bus:
        bus = kind.open(self.name, EMBEDDED, release=release)
        self.addCleanup(bus.close)
        return bus

    def serve(self, bus: Bus, endpoint: Any, answer: Any) -> Behind:
        behind = Behind(answer)
        self.endpoint = self.make(endpoint, behind)
        server = Server(bus, self.old[0].service, [self.endpoint], name=AGENT)
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return behind

    def make(self, endpoint: Any, behind: Behind) -> Any:
        return endpoint(behind)

    def send(self, client: Any, *, newer: bool) -> Any:
        return getattr(client, self.method)(CTXT, **self.arguments(newer=newer))


class Rolling(RollingCase):
    """Each side in turn speaks the previous version."""

    def test_a_new_client_that_is_pinned_is_understood_by_an_old_server(self) -> None:
        behind = self.serve(self.bus(OldBus), self.old[1], None)
        client = self.new[0](self.bus(release=RELEASE))
        self.send(client, newer=True)
        self.assertIsNone(trace_of(self.arrived(behind.next_call())))
        self.assertEqual("", self.log.output)

    def test_a_new_server_understands_an_old_client(self) -> None:
        behind = self.serve(self.bus(release=RELEASE), self.new[1], None)
        client = self.old[0](self.bus(OldBus))
        self.send(client, newer=False)
        arrived = self.arrived(behind.next_call())
        self.assertEqual("1.0", arrived.VERSION)
        # What the old one could not say has its default.
        self.assertIsNone(trace_of(arrived))
        self.assertIsNone(self.endpoint.traces[-1])
        self.assertEqual("", self.log.output)

    def test_without_a_pin_two_new_ones_say_all_that_is_new(self) -> None:
        behind = self.serve(self.bus(), self.new[1], None)
        self.send(self.new[0](self.bus()), newer=True)
        self.assertEqual(tomorrow.TRACE, trace_of(self.arrived(behind.next_call())))
        self.assertEqual(tomorrow.TRACE, self.endpoint.traces[-1])

    def test_what_the_pinned_release_has_not_is_not_sent(self) -> None:
        client = self.new[0](self.bus(release=RELEASE))
        error = self.assertRaises(errors.PeerTooOld, client.ping, CTXT)
        self.assertEqual((self.old[0].service, tomorrow.VERSION, "1.0"), error.args)


class Answering(RollingCase):
    """The same for what comes back."""

    def test_a_new_server_that_is_pinned_answers_what_an_old_client_reads(self) -> None:
        self.serve(self.bus(release=RELEASE), self.new[1], self.answer())
        answer = self.send(self.old[0](self.bus(OldBus)), newer=False)
        self.assertIsNone(trace_of(self.answered(answer)))

    def test_a_new_server_that_is_not_pinned_is_a_typed_error_to_an_old_client(self) -> None:
        self.serve(self.bus(), self.new[1], self.answer())
        client = self.old[0](self.bus(OldBus))
        error = self.assertRaises(errors.UnsupportedVersion, self.send, client, newer=False)
        self.assertIn(f"'{tomorrow.VERSION}'", error.said)
        self.assertEqual("", self.log.output)

    def test_a_new_client_that_is_not_pinned_is_told_that_the_server_is_older(self) -> None:
        self.serve(self.bus(OldBus), self.old[1], None)
        client = self.new[0](self.bus())
        error = self.assertRaises(errors.UnsupportedVersion, self.send, client, newer=True)
        said = f"version {tomorrow.VERSION} of its interface"
        self.assertEqual((self.old[0].service, said, "1.0"), error.args)
        self.assertEqual("", self.log.output)

    def test_without_a_pin_the_answer_says_all_that_is_new(self) -> None:
        self.serve(self.bus(), self.new[1], self.answer())
        answer = self.send(self.new[0](self.bus()), newer=True)
        self.assertEqual(tomorrow.TRACE, trace_of(self.answered(answer)))
