"""What services refuse, and in which words; what SIGHUP changes, and what it does not."""

from __future__ import annotations

import contextlib
import io
import os
import stat

import fixtures

from tests.unit.cli.services_case import BUS, KINDS, PLACEMENT, ServicesTestCase
from understudy.cli.services import conductor, scheduler
from understudy.compute.identity import path_beside

URL = "write rabbit://user:password@host:5672/vhost"
DATABASE = "write mysql+pymysql://user:password@host/database"


class MissingTest(ServicesTestCase):
    def test_each_service_asks_for_its_own_only(self) -> None:
        placement, api, cell = PLACEMENT, self.api, self.cell
        for name, texts in (
            ("scheduler", (placement, api)),
            ("super", (placement, api)),
            ("cell", (placement, cell)),
            ("compute", (self.agent,)),
        ):
            self.write(self.default, *texts)
            conf = self.read(KINDS[name]())
            self.assertEqual([str(self.path)], conf.files())

    def test_the_bus(self) -> None:
        for kind in KINDS.values():
            self.write(f"[DEFAULT]\nstate_path = {self.folder}\n", self.api, self.agent, PLACEMENT)
            self.assert_refused(f"[DEFAULT] transport_url: it is not set; {URL}", kind())

    def test_the_databases(self) -> None:
        self.write(self.default, PLACEMENT)
        expected = "connection: it is not set; " + DATABASE
        self.assert_refused(f"[api_database] {expected}", scheduler.kind())
        self.assert_refused(f"[api_database] {expected}", conductor.kind_of_super())
        self.assert_refused(f"[cell_database] {expected}", conductor.kind_of_cell("one"))

    def test_secrets_from_the_environment(self) -> None:
        self.write(f"[DEFAULT]\nstate_path = {self.folder}\n", PLACEMENT)
        database = f"sqlite:///{self.folder}/api.sqlite"
        for name, value in (
            ("DEFAULT__TRANSPORT_URL", BUS),
            ("API_DATABASE__CONNECTION", database),
        ):
            self.useFixture(fixtures.EnvironmentVariable(f"OS_{name}", value))
        conf = self.read(KINDS["scheduler"]())
        self.assertEqual((BUS, database), (conf.transport_url, conf.api_database.connection))

    def test_placement_that_anybody_may_be(self) -> None:
        self.write(self.default, self.api, PLACEMENT, "insecure = true\n")
        self.assert_refused(
            "[placement] insecure: whoever answers would get the password; "
            "take it out, and name their authority with cafile",
            KINDS["scheduler"](),
        )

    def test_a_database_that_anybody_may_be(self) -> None:
        connection = "connection = postgresql+psycopg2://user:secret@db/api?sslmode=require"
        self.write(self.default, PLACEMENT, f"[api_database]\n{connection}\n")
        self.assert_refused(
            "[api_database] connection: with sslmode=require anybody's certificate would do, "
            "or none; write sslmode=verify-full&sslrootcert=FILE",
            KINDS["scheduler"](),
        )

    def test_an_authority_of_a_database_that_cannot_be_read(self) -> None:
        connection = "connection = mysql+pymysql://user:secret@db/api?ssl_ca=/nowhere/ca.pem"
        self.write(self.default, PLACEMENT, f"[api_database]\n{connection}\n")
        self.assert_refused(
            "[api_database] connection: /nowhere/ca.pem cannot be read; "
            "let ssl_ca be a file that our user may read",
            KINDS["scheduler"](),
        )

    def test_placement(self) -> None:
        self.write(self.default, self.api)
        self.assert_refused(
            "[placement] auth_type: it is not set; write password, with auth_url and the rest",
            scheduler.kind(),
        )

    def test_the_cell(self) -> None:
        self.write(self.default)
        self.assert_refused(
            "[cell] name: it is not set; write the cell's name", KINDS["compute"]()
        )

    def test_the_file(self) -> None:
        self.assert_refused("there is no such file; check the name", scheduler.kind())


class WrongTest(ServicesTestCase):
    def test_a_bus_that_is_none(self) -> None:
        for url in ("rabbit://", "http://user:secret@host/"):
            self.write(f"[DEFAULT]\nstate_path={self.folder}\ntransport_url={url}\n", self.api)
            self.assert_refused(
                f"[DEFAULT] transport_url: it names no broker; {URL}", scheduler.kind()
            )

    def test_a_database_that_is_none(self) -> None:
        self.write(self.default, "[api_database]\nconnection = user:secret@host\n")
        self.assert_refused(
            f"[api_database] connection: it is no URL (ArgumentError); {DATABASE}",
            scheduler.kind(),
        )

    def test_a_number_out_of_bounds(self) -> None:
        self.write(self.default, "[retries]\nmax_attempts = 0\n", self.api, PLACEMENT)
        self.assert_refused(
            "[retries] max_attempts: Should be greater than or equal to 1; see its help",
            conductor.kind_of_super(),
        )

    def test_a_word_for_a_number(self) -> None:
        self.write(self.default, "[conductor]\nlease = long\n", self.api, PLACEMENT)
        self.assert_refused(
            "[conductor] lease: could not convert string to float: 'long'; see its help",
            conductor.kind_of_super(),
        )

    def test_more_attempts_than_a_request_may_ask_for(self) -> None:
        self.write(
            self.default,
            self.api,
            PLACEMENT,
            "[retries]\nmax_attempts = 5\nhighest_max_attempts = 4\n",
        )
        self.assert_refused(
            "[retries] max_attempts: 5 is more than highest_max_attempts, 4; "
            "lower it, or raise the other",
            conductor.kind_of_super(),
        )

    def test_a_filter_that_is_not_installed(self) -> None:
        self.write(self.default, self.api, PLACEMENT, "[scheduler]\nfilters = mine\n")
        self.assert_refused(
            "[scheduler] filters: mine of understudy.scheduler.filters cannot be loaded: "
            "no entry point of that name; correct the name, or install what provides it",
            scheduler.kind(),
        )

    def test_an_identity_that_says_nothing(self) -> None:
        self.write(self.default, self.agent)
        conf = self.read(KINDS["compute"]())
        path = path_beside(conf.compute.journal)
        self.assertFalse(path.exists(), "a check has made it")
        path.write_text("[]")
        self.assert_refused(
            f"[compute] journal: {path} does not say which agent this is: it is no JSON object; "
            "restore it from a backup, or remove it only if this machine is to be a new host that "
            "holds nothing",
            KINDS["compute"](),
        )

    def test_a_driver_file_that_is_not_there(self) -> None:
        self.write(self.default, self.agent, "driver_file = /nowhere/hosts.yaml\n")
        self.assert_refused(
            "[compute] driver_file: no driver can be made: [Errno 2] No such file or directory: "
            "'/nowhere/hosts.yaml'; mend it",
            KINDS["compute"](),
        )

    def test_a_journal_without_a_folder(self) -> None:
        self.write(self.default, "[cell]\nname = one\n[compute]\njournal = /nowhere/journal\n")
        self.assert_refused(
            "[compute] journal: /nowhere is no folder that can be written to; "
            "make it and give it to the agent's user, or write another",
            KINDS["compute"](),
        )

    def test_a_cell_that_is_another_or_the_api(self) -> None:
        self.write(self.default, "[cell]\nname = two\n", self.cell, PLACEMENT)
        self.assert_refused(
            "[cell] name: it is two, but --cell says one; let them agree", KINDS["cell"]()
        )
        self.write(self.default, self.cell, PLACEMENT)
        self.assert_refused(
            "[cell] name: api is the API level's own name; choose another",
            conductor.kind_of_cell("api"),
        )

    def test_a_file_that_does_not_parse(self) -> None:
        self.write("transport_url rabbit\n")
        self.assertEqual(2, self.run_scheduler())
        self.assertIn(f"understudy-scheduler: {self.path}: it does not parse: ", self.err)
        self.assertEqual(1, self.err.count("\n"))

    def test_no_password_is_told(self) -> None:
        self.write("[DEFAULT]\ntransport_url = rabbit://user:secret@host:port/x\n", self.api)
        self.assertEqual(2, self.run_scheduler())
        self.assertNotIn("secret", self.err)

    def test_what_it_makes_is_for_its_user_alone(self) -> None:
        state = self.folder / "deep" / "state"
        self.write(f"[DEFAULT]\nstate_path = {state}\n", self.api)
        self.assertEqual(2, self.run_scheduler())
        self.assertEqual(0o077, os.umask(0o077))
        self.write(
            f"[DEFAULT]\nstate_path = {state}\ntransport_url = {BUS}\n", self.api, PLACEMENT
        )
        self.read(KINDS["scheduler"]())
        for made in (self.folder / "deep", state, state / "lock"):
            self.assertEqual(0o700, stat.S_IMODE(made.stat().st_mode), str(made))

    def test_locks_where_others_may_write(self) -> None:
        locks = self.folder / "lock"
        locks.mkdir()
        for mode in (0o777, 0o720, 0o1777):
            locks.chmod(mode)
            self.write(self.default, self.api, PLACEMENT)
            self.assertEqual(2, self.run_scheduler())
            self.assertIn(
                f"[DEFAULT] state_path: others may write to {locks}; run chmod 700", self.err
            )

    def run_scheduler(self) -> int:
        """Run main() as far as it gets, and keep what it wrote."""
        written = io.StringIO()
        self.addCleanup(os.umask, os.umask(0))
        with contextlib.redirect_stderr(written):
            code = scheduler.main([f"--config-file={self.path}"])
        self.err = written.getvalue()
        return code


class HangUpTest(ServicesTestCase):
    def texts(self, retries: str) -> tuple[str, ...]:
        return (self.default, self.api, PLACEMENT, f"[retries]\n{retries}\n")

    def test_takes_over_what_may_change(self) -> None:
        self.write(*self.texts("max_attempts = 4"))
        conf = self.read(conductor.kind_of_super())
        self.write(*self.texts("max_attempts = 5"))
        conf.mutate_config_files()
        self.assertEqual(5, conf.retries.max_attempts)

    def test_keeps_what_may_not(self) -> None:
        self.write(*self.texts("max_attempts = 4"), "[conductor]\nprocesses = 2\n")
        conf = self.read(conductor.kind_of_super())
        self.write(*self.texts("max_attempts = 4"), "[conductor]\nprocesses = 3\n")
        conf.mutate_config_files()
        self.assertEqual(2, conf.conductor.processes)

    def test_keeps_everything_if_anything_is_wrong(self) -> None:
        self.write(*self.texts("max_attempts = 4"))
        conf = self.read(conductor.kind_of_super())
        self.write(*self.texts("max_attempts = 5\nhighest_max_attempts = 1"))
        conf.mutate_config_files()
        self.assertEqual(4, conf.retries.max_attempts)
        self.write("no configuration at all")
        conf.mutate_config_files()
        self.assertEqual(4, conf.retries.max_attempts)
