"""What cannot be read costs a line in the log, and nothing else: no worker, no silence."""

from __future__ import annotations

import json
import logging
from typing import Any

import fixtures

from tests.functional.rpcapi.recording import PATIENCE, Recording
from tests.functional.support.buses import BusTestCase
from tests.functional.support.waiting import wait_for
from tests.unit.objects import samples
from understudy.rpcapi import errors, message_size
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext

CTXT = RequestContext("a-project", "a-user")
VM = samples.uuid(1)
WORKERS = 8
DOWN: dict[str, Any] = {
    "method": "torn_down",
    "version": "1.0",
    "args": {"host": "host-1", "instance_uuid": VM, "attempt": 1},
}
LONG = "x" * 1_000_000


def nested(depth: int) -> str:
    """Return so many lists within each other, as JSON."""
    return "[" * depth + "]" * depth


def envelope_of(text: str, version: Any = "2.0") -> dict[str, Any]:
    return {"oslo.version": version, "oslo.message": text}


# A name each, for the log has nothing else to tell them by.
CONTEXTS: dict[str, dict[str, Any]] = {
    "an argument of the driver's own": {"_context_self": 1},
    "a list for a project": {"_context_project_id": ["a"]},
    "a map for a user": {"_context_user_id": {}},
    "a long request id": {"_context_request_id": LONG},
    "two lines": {"_context_request_id": "req-1\nERROR all is lost"},
    "half a surrogate": {"_context_user_id": "\ud800"},
    "a number for an agent": {"_context_agent_uuid": 7, "_context_origin": "here"},
    "a list for an origin": {"_context_agent_uuid": "a", "_context_origin": []},
    "a list for a host": {"_context_host_uuid": [1]},
    "too deep": {"_context_project_id": json.loads(nested(400))},
}
CALLS: dict[str, dict[str, Any]] = {
    "no method": {"method": None},
    "a list for a method": {"method": ["torn_down"]},
    "a long method": {"method": LONG},
    "a method of Python's": {"method": "__init__"},
    "an attribute": {"method": "target"},
    "what is not exposed": {"method": "secret"},
    "a method of two lines": {"method": "torn_down\nERROR"},
    "a namespace": {"namespace": "other"},
    "a list for a namespace": {"namespace": [[]]},
    "no version": {"version": None},
    "a number for a version": {"version": 1.0},
    "a version of words": {"version": "a.b"},
    "a version too long": {"version": "1." + "9" * 5000},
    "no arguments": {"args": None},
    "a list for the arguments": {"args": [1, 2]},
    "a text for the arguments": {"args": "x"},
    "nameless arguments": {"args": {"": 1}},
    "an object of nobody's": {"args": {"host": {"understudy_object.name": "Nothing"}}},
    "an object of two lines": {"args": {"host": {"understudy_object.name": "Host\nERROR"}}},
    "a list for an object's name": {"args": {"host": {"understudy_object.name": []}}},
    "an object without data": {
        "args": {
            "host": {
                "understudy_object.name": "Host",
                "understudy_object.namespace": "understudy",
                "understudy_object.version": "1.0",
            }
        }
    },
    "a number that is none": {"args": {"host": float("nan")}},
    "too large a number": {"args": {"attempt": 10**400}},
    "a NUL": {"args": {"host": "a\0b"}},
    "deep arguments": {"args": {"host": json.loads(nested(400))}},
}
UUIDS: tuple[tuple[str, str], ...] = (
    ("Host", "compute_node_uuid"),
    ("Provider", "uuid"),
    ("Provider", "parent_uuid"),
    ("Provider", "aggregates"),
    ("Selection", "cell_uuid"),
    ("Selection", "compute_node_uuid"),
    ("BuildRequest", "request_id"),
    ("BuildRequest", "ignore_cells"),
    ("Affinity", "group_uuid"),
)
NO_UUIDS: tuple[Any, ...] = (
    "../" * 12,
    "ABCDEF00-0000-4000-8000-000000000001",
    VM.replace("-", ""),
    f"{VM}\n",
    "",
    7,
    [VM],
    {},
    LONG,
)
NOBODYS: dict[str, Any] = {
    "no JSON": "{",
    "nothing": "",
    "a text": json.dumps("x"),
    "a list": [1, 2],
    "null": "null",
    "no bytes of UTF-8": b"\xff\xfe",
    "an envelope of another version": envelope_of(json.dumps(DOWN), "3.0"),
    "an envelope of no version": envelope_of(json.dumps(DOWN), []),
    "an envelope around no JSON": envelope_of("{"),
    "an envelope around a list": envelope_of("[1]"),
    "an envelope around a number": {"oslo.version": "2.0", "oslo.message": 5},
    "deep JSON": nested(20_000),
    "deep JSON in an envelope": envelope_of(nested(20_000)),
    "a poisoned cast": envelope_of(json.dumps(DOWN | {"_context_self": 1})),
    "a cast of nothing": envelope_of("{}"),
    "a number for who asks": envelope_of(json.dumps(DOWN | {"_msg_id": 1, "_reply_q": "a"})),
    "a list to reply to": envelope_of(json.dumps(DOWN | {"_msg_id": "1", "_reply_q": ["a"]})),
    "nowhere to reply to": envelope_of(json.dumps(DOWN | {"_msg_id": "1"})),
    "too long a queue to reply to": envelope_of(
        json.dumps(DOWN | {"_msg_id": "1", "_reply_q": LONG})
    ),
}


class UnreadableTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))
        self.buses = self.make_buses()
        [self.cell] = self.buses.cells
        self.topic = self.cell.topic("conductor")
        self.endpoint = Recording("torn_down")
        self.server = self.buses.serve(self.cell, "conductor", self.endpoint, workers=WORKERS)
        self.client = CellConductorClient(self.cell, timeout=PATIENCE)
        self.stranger = self.buses.foreign(self.cell, "stranger")

    def assert_unharmed(self) -> None:
        """It answers, and every worker of it is free."""
        self.client.torn_down(CTXT, "host-1", VM, 1)
        self.assertEqual("torn_down", self.endpoint.next_call()[0])
        [workers, refusers] = self.server._server._takers
        wait_for(lambda: not workers._begun and not refusers._begun, "the workers' places")

    def refusal(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the error that a call is answered with."""
        reply = self.stranger.call(self.topic, message, user_id=self.stranger.user)
        error: dict[str, Any] = json.loads(reply["failure"])
        self.assertNotIn("ask again", error["message"])
        return error

    def assert_one_line_each(self, messages: int) -> None:
        lines = self.log.output.splitlines()
        self.assertNotIn("Traceback", self.log.output)
        self.assertEqual(messages, len(lines), self.log.output[:10_000])
        for line in lines:
            self.assertLess(len(line), 500)

    def test_twelve_with_a_poisoned_context_do_not_silence_eight_workers(self) -> None:
        for _ in range(12):
            self.stranger.cast(self.topic, DOWN | {"_context_self": 1})
        self.assert_unharmed()
        self.assert_one_line_each(12)

    def test_twelve_callers_with_a_poisoned_context_are_answered(self) -> None:
        for _ in range(12):
            self.assertEqual("BadRequest", self.refusal(DOWN | {"_context_self": 1})["class"])
        self.assert_unharmed()

    def test_a_context_that_makes_no_sense_is_a_bad_request(self) -> None:
        for name, context in CONTEXTS.items():
            error = self.refusal(DOWN | context)
            self.assertEqual(("BadRequest", "conductor"), (error["class"], error["args"][0]), name)
        self.assert_unharmed()
        self.assert_one_line_each(len(CONTEXTS))
        self.assertIn(f"from '{self.stranger.user}'", self.log.output)

    def test_a_call_that_makes_no_sense_is_a_bad_request(self) -> None:
        for name, call in CALLS.items():
            self.assertEqual("BadRequest", self.refusal(DOWN | call)["class"], name)
        self.assert_unharmed()
        self.assert_one_line_each(len(CALLS))

    def test_what_is_no_uuid_and_stands_for_one_is_a_bad_request(self) -> None:
        warned = self.useFixture(fixtures.WarningsCapture()).captures
        for kind, field in UUIDS:
            for wrong in NO_UUIDS:
                said = samples.everything()[kind].obj_to_wire()
                listed = field in ("aggregates", "ignore_cells")
                said["understudy_object.data"][field] = [VM, wrong] if listed else wrong
                error = self.refusal(DOWN | {"args": {"host": [{"inside": said}]}})
                self.assertEqual("BadRequest", error["class"])
                self.assertIn(f"a {kind} whose {field} is no uuid", error["message"])
        self.assertEqual([], warned)
        self.assert_unharmed()
        self.assert_one_line_each(len(UUIDS) * len(NO_UUIDS))

    def test_what_only_a_newer_release_knows_is_an_unsupported_version(self) -> None:
        newer = samples.everything()["Host"].obj_to_wire()
        newer["understudy_object.version"] = "1.99"
        for message in ({"version": "1.99"}, {"version": "2.0"}, {"args": {"host": newer}}):
            error = self.refusal(DOWN | message)
            self.assertEqual("UnsupportedVersion", error["class"], str(message))
        self.assert_unharmed()
        self.assert_one_line_each(3)

    def test_what_nobody_can_be_answered_for_is_dropped(self) -> None:
        for body in NOBODYS.values():
            self.stranger.publish(self.topic, body)
            self.assert_unharmed()
        self.assert_one_line_each(len(NOBODYS))

    def test_it_is_the_same_in_the_queue_of_one_process(self) -> None:
        for body in NOBODYS.values():
            self.stranger.publish(f"{self.topic}.one", body)
        self.assert_unharmed()

    def test_nobody_waits_for_a_queue_that_is_not_there(self) -> None:
        for number in range(2 * WORKERS):
            self.stranger.cast(self.topic, DOWN | {"_msg_id": "1", "_reply_q": f"no-{number}"})
            self.endpoint.next_call()
        self.assert_unharmed()

    def test_a_caller_that_wants_to_hear_of_progress_costs_no_thread(self) -> None:
        timeouts: list[Any] = [2, "x", [], 1e300]
        for timeout in timeouts:
            self.refusal(DOWN | {"method": "secret", "_timeout": timeout})
        self.assert_unharmed()
        self.assert_one_line_each(4)

    def test_compressed_bodies_are_not_unpacked(self) -> None:
        self.stranger.publish(self.topic, "x" * 10_000_000, compression="zlib")
        self.assert_unharmed()

    def test_what_is_too_large_is_not_parsed(self) -> None:
        huge = json.dumps(DOWN | {"args": {"host": "x" * 25_000_000}})
        for _ in range(3):
            self.stranger.publish(self.topic, envelope_of(huge), user_id=self.stranger.user)
        self.assert_unharmed()
        self.assert_one_line_each(3)
        self.assertIn(f"'{self.stranger.user}'", self.log.output)
        self.assertIn("bytes, and [limits] message_bytes is 4194304", self.log.output)

    def test_as_many_bytes_as_may_be_are_read(self) -> None:
        body = json.dumps(envelope_of(json.dumps(DOWN)))
        self.stranger.publish(self.topic, body.ljust(message_size.MOST))
        self.endpoint.next_call()
        self.stranger.publish(self.topic, body.ljust(message_size.MOST + 1))
        self.assert_unharmed()
        self.assert_one_line_each(1)

    def test_our_own_client_says_what_is_too_large(self) -> None:
        for host in ("x" * 5_000_000, "\N{GRINNING FACE}" * 400_000):
            error = self.assertRaises(errors.BadRequest, self.client.torn_down, CTXT, host, VM, 1)
            self.assertIn("message_bytes", error.problem)
        self.assert_unharmed()

    def test_answers_may_be_larger(self) -> None:
        self.endpoint.answer = "x" * 5_000_000
        self.assertEqual(self.endpoint.answer, self.client._call(CTXT, "torn_down"))

    def test_a_newer_client_is_told_so(self) -> None:
        self.client._pinned = "1.9"
        self.client._rpc.version_cap = "1.9"
        error = self.assertRaises(
            errors.UnsupportedVersion, self.client._call, CTXT, "torn_down", since="1.9"
        )
        self.assertEqual("conductor", error.reader)
