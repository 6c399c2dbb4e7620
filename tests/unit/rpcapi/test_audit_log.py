"""What the audit log says: one line each, whatever somebody wrote into it."""

from __future__ import annotations

import json
import logging

import fixtures
import testtools
from hypothesis import given
from hypothesis import strategies as st

from understudy.rpcapi import audit_log
from understudy.rpcapi.context import RequestContext


class AuditLogTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(
            fixtures.FakeLogger(audit_log.LOGGER, level=logging.INFO, format="%(message)s")
        )

    def test_who_did_what_to_what(self) -> None:
        context = RequestContext("a-project", "a-user")
        context.sender = "a-service"
        audit_log.note("host.set", audit_log.caller(context), host="h1", reason=None)
        self.assertEqual(
            'host.set by {"broker_user": "a-service", "project": "a-project", "user": "a-user"} '
            '{"host": "h1"}\n',
            self.log.output,
        )

    def test_agents_and_operators(self) -> None:
        self.assertEqual({"agent": "uuid"}, json.loads(audit_log.agent("uuid", None)))
        self.assertEqual(["operator"], list(json.loads(audit_log.operator())))

    @given(st.text())
    def test_whatever_was_written_is_one_line(self, said: str) -> None:
        with fixtures.FakeLogger(audit_log.LOGGER, level=logging.INFO) as log:
            who = audit_log.caller(RequestContext(said, said))
            audit_log.note("host.set", who, reason=said)
            [line] = log.output.splitlines()
        self.assertTrue(line.isprintable())
