"""`understudy-manage host ...` on databases that are there: decided, said, and audited."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import fixtures

from tests.unit.cells.base import host, node_of
from tests.unit.cli.manage_case import ManageCase
from tests.unit.cli.services_case import PLACEMENT
from understudy.cells import cell_store
from understudy.cells.cell_store import CellStore
from understudy.cells.records import Binding, RefusedHost
from understudy.rpcapi import audit_log

THEIRS = Binding("11111111-1111-4111-8111-111111111111", "their-user", "there")


class ManageHostsTest(ManageCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(
            fixtures.FakeLogger(audit_log.LOGGER, level=logging.INFO, format="%(message)s")
        )
        self.manage("api-db", "sync")
        self.create()
        self.manage("cell-db", "sync", "--cell", "one")
        url = f"sqlite:///{self.folder}/one.sqlite"
        self.store: CellStore = cell_store.connect("one", url)
        self.addCleanup(self.store.close)

    def refuse(self, why: str, name: str = "h1") -> None:
        self.store.note_refused(host(name), THEIRS, why, ("it is", "do this"))

    def approved(self) -> list[RefusedHost]:
        return [each for each in self.store.refused_hosts() if each.approved]

    def test_what_each_command_lets_pass(self) -> None:
        for command, why in (
            ("approve", "new"),
            ("rebind", "agent"),
            ("rebind", "clone"),
            ("adopt", "providers"),
        ):
            self.refuse(why)
            self.assertEqual(0, self.manage("host", command, "h1"), self.err)
            self.assertIn(f"h1 ({node_of('h1')}) of agent {THEIRS.agent_uuid}", self.out)
            self.assertEqual([why], [each.approved for each in self.approved()])
            action, _, who_and_what = self.log.output.splitlines()[-1].partition(" by ")
            self.assertEqual(f"host.{command}", action)
            self.assertIn('"operator"', who_and_what)
            facts = json.loads(who_and_what.partition("} ")[2])
            self.assertEqual(("h1", "one"), (facts["host"], facts["cell"]))

    def test_what_was_not_refused_for_that_is_not_let_pass(self) -> None:
        self.refuse("agent")
        for command in (["approve", "h1"], ["adopt", "h1"], ["approve", "h2"], ["replace", "h1"]):
            self.assertEqual(1, self.manage("host", *command))
            self.assertIn("host h", self.err)
            self.assertEqual(1, self.err.count("\n"))
        self.assertEqual([], self.approved())
        self.assertEqual("", self.log.output)

    def test_a_host_is_renamed_once_it_is_silent(self) -> None:
        self.store.register_host(host("h1"))
        self.assertEqual(1, self.manage("host", "rename", "h1", "h2"))
        self.assertIn("its agent was heard", self.err)
        self.store.mark_down("h1")
        self.assertEqual(0, self.manage("host", "rename", "h1", "h2"), self.err)
        self.assertEqual("h1 of one is h2 now\n", self.out)
        self.assertEqual(node_of("h1"), self.store.host("h2").compute_node_uuid)

    def test_nothing_is_deleted_or_moved_while_placement_is_silent(self) -> None:
        self.store.register_host(host("h1"))
        self.store.mark_down("h1")
        self.assertEqual(1, self.manage("host", "delete", "h1", "--gone"))
        self.refuse("providers")
        self.assertEqual(1, self.manage("host", "move", "h1", "two"))
        self.assertIn("it has not tried to register in two", self.err)
        self.assertEqual(["h1"], [each.name for each in self.store.hosts()])

    def test_the_audit_log_goes_where_the_configuration_says(self) -> None:
        written = self.folder / "audit.log"
        self.write(self.default, f"log_file = {written}\n", self.api, PLACEMENT)
        self.refuse("new")
        # In a process of its own: logging is set up for all of one.
        command = [
            sys.executable,
            "-m",
            "understudy.cli.manage.main",
            "--config-file",
            str(self.path),
        ]
        subprocess.run([*command, "host", "approve", "h1"], check=True, capture_output=True)
        self.assertIn("understudy.audit", written.read_text())
