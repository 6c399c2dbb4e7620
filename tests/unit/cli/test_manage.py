"""`understudy-manage` on databases that are there, and on buses that are not."""

from __future__ import annotations

import contextlib
import sqlite3

import fixtures

from tests.unit.cli.manage_case import ManageCase
from tests.unit.cli.services_case import BUS, PLACEMENT


class ManageTest(ManageCase):
    def test_a_cell_s_urls_from_the_environment(self) -> None:
        self.manage("api-db", "sync")
        self.assertEqual(2, self.manage("cell", "create", "one"))
        self.assertIn("--transport-url: it is missing; give --transport-url-file FILE", self.err)
        for name, url in (("TRANSPORT", BUS), ("DATABASE", f"sqlite:///{self.folder}/one.sqlite")):
            self.useFixture(fixtures.EnvironmentVariable(f"UNDERSTUDY_CELL_{name}_URL", url))
        self.assertEqual(0, self.manage("cell", "create", "one"), self.err)
        self.assertEqual("", self.err)
        # What is left there changes no cell that is there already.
        self.assertEqual(2, self.manage("cell", "update", "one"))

    def test_a_cell_s_password_on_the_command_line_is_warned_of(self) -> None:
        self.manage("api-db", "sync")
        self.create()
        self.assertEqual(0, self.manage("cell", "update", "one", "--transport-url", BUS))
        self.assertIn("name it with --transport-url-file\n", self.err)
        self.assertNotIn("secret", self.err)

    def test_brings_the_api_database_up_to_date_once(self) -> None:
        self.assertEqual(0, self.manage("api-db", "sync"))
        self.assertRegex(self.out, r"^None -> \w+\n$")
        self.assertEqual(0, self.manage("api-db", "sync"))
        self.assertRegex(self.out, r"^\w+: it was there already\n$")
        self.assertEqual(0, self.manage("api-db", "version"))
        self.assertRegex(self.out, r"^(\w+) \(newest: \1\)\n$")

    def test_a_database_of_a_newer_release_is_left_alone(self) -> None:
        self.manage("api-db", "sync")
        self.create()
        self.manage("cell-db", "sync", "--cell", "one")
        for name in ("api", "one"):
            with contextlib.closing(sqlite3.connect(self.folder / f"{name}.sqlite")) as database:
                database.execute("UPDATE alembic_version SET version_num = 'r9999'")
                database.commit()
        for command in (["api-db", "sync"], ["cell-db", "sync", "--cell", "one"]):
            self.assertEqual(1, self.manage(*command))
            self.assertIn("the database is at revision r9999", self.err)
            self.assertIn("a newer release has upgraded it; nothing was changed", self.err)
            self.assertEqual(1, self.err.count("\n"))
        self.manage("api-db", "version")
        self.assertRegex(self.out, r"^r9999 \(newest: \w+; made by a newer release\)\n$")
        self.manage("status", "upgrade-check", "-f", "csv")
        self.assertEqual(2, self.out.count("its schema is r9999, of a newer release"))

    def test_a_cell_from_its_creation_to_its_end(self) -> None:
        self.manage("api-db", "sync")
        self.assertEqual(0, self.create(), self.err)
        self.assertEqual(0, self.manage("cell-db", "sync", "--cell", "one"), self.err)
        self.assertEqual(0, self.manage("cell-db", "version", "--cell", "one"))
        self.assertEqual(0, self.manage("cell", "update", "one", "--disable"))
        self.assertEqual(0, self.manage("cell", "list", "-f", "csv"))
        self.assertIn('"one",False,"rabbit://user:***@', self.out)
        self.assertEqual(0, self.manage("cell", "delete", "one"))
        self.manage("cell", "list", "-f", "csv")
        self.assertEqual(1, self.out.count("\n"))

    def test_a_cell_s_own_file_is_enough_for_its_database(self) -> None:
        self.write(self.default, "[cell]\nname = one\n", self.cell)
        self.assertEqual(0, self.manage("cell-db", "sync"), self.err)

    def test_verifying_tells_what_cannot_be_used(self) -> None:
        self.manage("api-db", "sync")
        self.create()
        self.assertEqual(1, self.manage("cell", "verify", "-f", "csv"))
        self.assertIn("run cell-db sync --cell one", self.out)
        self.assertIn("Connection refused", self.out)

    def test_refuses_a_name_that_no_topic_can_have(self) -> None:
        self.manage("api-db", "sync")
        for name in ("api", "a b", ""):
            self.assertEqual(2, self.create(name))
            self.assertIn("no cell may be called", self.err)

    def test_refuses_urls_that_take_anybodys_certificate(self) -> None:
        self.manage("api-db", "sync")
        self.create()
        untrusted = "mysql+pymysql://user:secret@db/one?ssl_ca=/etc/ca.pem&ssl_verify_cert=false"
        both = "rabbit://user:secret@mq:5671/one?ssl=false"
        for given, problem in (
            (("--database-url", untrusted), "anybody's certificate would do"),
            (("--transport-url", both), "it says ssl=false but port 5671"),
        ):
            self.assertEqual(2, self.manage("cell", "update", "one", *given))
            self.assertIn(f"{given[0]}: ", self.err)
            self.assertIn(problem, self.err)
            self.assertNotIn("secret", self.err)

    def test_refuses_the_same_name_twice(self) -> None:
        self.manage("api-db", "sync")
        self.create()
        self.assertEqual(1, self.create())
        self.assertIn("there is a cell one already", self.err)

    def test_a_database_without_tables_is_told(self) -> None:
        self.assertEqual(1, self.manage("cell", "list"))
        self.assertIn("upgrade its schema first", self.err)

    def test_an_upgrade_is_not_due_while_anything_is_missing(self) -> None:
        self.assertEqual(2, self.manage("status", "upgrade-check", "-f", "csv"))
        self.assertRegex(self.out, r"its schema is None, not \w+: run api-db sync")
        self.assertIn('"Placement","', self.out)

    def test_purges_every_cell(self) -> None:
        self.manage("api-db", "sync")
        self.create()
        self.manage("cell-db", "sync", "--cell", "one")
        self.create("two")
        self.assertEqual(1, self.manage("purge"))
        self.assertIn("one: 0 instances purged\n", self.out)
        self.assertIn("two: left for now: ", self.out)
        self.assertIn("API database: 0 mappings purged\n", self.out)

    def test_a_sound_configuration(self) -> None:
        self.assertEqual(0, self.manage("config", "check", "scheduler"), self.out + self.err)
        self.assertEqual("understudy-scheduler can start with it\n", self.out)

    def test_a_configuration_that_says_nothing_or_too_much(self) -> None:
        self.write(
            self.default, self.api, PLACEMENT,
            "[retries]\nmax_atempts = 3\n[conductor]\nlease = 10\n",
        )  # fmt: skip
        self.assertEqual(2, self.manage("config", "check", "super-conductor"))
        self.assertIn("[retries] max_atempts: there is no such option; ", self.out)
        self.assertIn("[conductor] lease: it is less than twice [scheduler] answer", self.out)

    def test_a_configuration_that_a_service_refuses(self) -> None:
        self.assertEqual(2, self.manage("config", "check", "cell-conductor"))
        self.assertIn("[cell] name: it is not set; write the cell's name", self.err)
