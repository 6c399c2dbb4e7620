"""Who asks crosses the bus, and is logged on the far side."""

import contextlib
import logging
import threading
from typing import Any

import testtools
from oslo_context import context as oslo_context

from tests.fakes.log_lines import LogLines
from understudy.objects.base import Serializer
from understudy.rpcapi import logs
from understudy.rpcapi.call import Unreadable
from understudy.rpcapi.context import ContextSerializer, RequestContext


class ContextSerializerTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.serializer = ContextSerializer(Serializer())

    def test_the_facts_arrive(self) -> None:
        sent = RequestContext("project", "user", "req-1")
        arrived = self.serializer.deserialize_context(self.serializer.serialize_context(sent))
        self.assertEqual(sent.facts(), arrived.facts())

    def test_an_administrator_arrives_as_one(self) -> None:
        sent = RequestContext("project", "user", is_admin=True)
        arrived = self.serializer.deserialize_context(self.serializer.serialize_context(sent))
        self.assertIs(True, arrived.is_admin)

    def test_nothing_but_true_makes_an_administrator(self) -> None:
        for said in (None, False, 1, "true", "True", "yes", [True], {"is_admin": True}):
            facts = {"project_id": "project", "user_id": "user", "is_admin": said}
            self.assertIs(False, self.serializer.deserialize_context(facts).is_admin, repr(said))
        self.assertIs(False, self.serializer.deserialize_context({}).is_admin)

    def test_what_a_newer_peer_adds_is_dropped(self) -> None:
        arrived = self.serializer.deserialize_context({"project_id": "project", "colour": "red"})
        self.assertEqual("project", arrived.project_id)

    def test_the_far_side_logs_under_it(self) -> None:
        arrived = self.serializer.deserialize_context({"request_id": "req-1"})
        self.assertIs(arrived, oslo_context.get_current())

    def test_the_far_side_logs_what_a_call_is_about(self) -> None:
        arrived = self.serializer.deserialize_context({"instance_uuid": "vm"})
        self.assertEqual("vm", arrived.get_logging_values()["resource_uuid"])

    def test_an_instances_work_is_logged_under_its_request(self) -> None:
        ctxt = RequestContext.of_instance("request", "project", "user")
        self.assertEqual("request", ctxt.request_id)

    def test_one_that_is_made_for_a_call_is_not_what_its_maker_logs_under(self) -> None:
        outcomes: list[object] = []

        def call() -> None:
            RequestContext("project", "user")
            outcomes.append(oslo_context.get_current())

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        self.assertEqual([None], outcomes)


class LogsTest(testtools.TestCase):
    """What a thread logs under, and afterwards no more."""

    def test_lines_name_the_request_and_the_instance(self) -> None:
        lines = self.useFixture(LogLines("understudy.test"))
        logger = logging.getLogger("understudy.test")
        with logs.about("request"):
            logger.info("one")
            with logs.about("request", "vm"):
                logger.info("two")
            logger.info("three")
        logger.info("four")
        heads = [lines.heads(about=each) for each in ("one", "two", "three", "four")]
        self.assertEqual(
            [{("request", None)}, {("request", "vm")}, {("request", None)}, {(None, None)}], heads
        )

    def test_a_failure_changes_nothing_of_that(self) -> None:
        self.useFixture(LogLines("understudy.test"))
        with contextlib.suppress(LookupError), logs.about("request"):
            raise LookupError
        self.assertIsNone(oslo_context.get_current())


class UnreadableTest(testtools.TestCase):
    def test_facts_that_are_no_ids_are_refused(self) -> None:
        serializer = ContextSerializer(Serializer())
        wrongs: list[Any] = [1, ["a"], {}, "a\nb", "x" * 300, "\ud800", True]
        for wrong in wrongs:
            for fact in ("project_id", "user_id", "request_id", "agent_uuid", "host_uuid"):
                error = self.assertRaises(
                    Unreadable, serializer.deserialize_context, {fact: wrong}
                )
                self.assertIn(fact, str(error))

    def test_who_has_none_may_leave_them_empty(self) -> None:
        arrived = ContextSerializer(Serializer()).deserialize_context(
            {"project_id": "", "user_id": None}
        )
        self.assertEqual(("", None), (arrived.project_id, arrived.user_id))
