import logging
import os
import unittest.mock
from typing import Any

from tests.unit.cli.app_case import AppTestCase
from understudy.cli.connect import Clouds
from understudy.rpcapi import errors


class BadRequestTest(AppTestCase):
    """Every mistake in a request is one line that names the field."""

    def test_amounts(self) -> None:
        for amount, problem in (
            ("0", "the amount is 0; ask for 1 or more, or leave it out"),
            ("-1", "the amount is -1; ask for 1 or more, or leave it out"),
            ("1.5", "1.5 is not a whole number; write one without quotes or a fraction"),
            ("two", "'two' is not a whole number; write one without quotes or a fraction"),
        ):
            self.assert_refused(
                f"build: resources.VCPU: {problem}", "build", "--resource", f"VCPU={amount}"
            )

    def test_no_resource(self) -> None:
        self.assert_refused(
            "build: resources: the request asks for nothing; name at least one resource class",
            "build",
        )

    def test_a_resource_that_is_no_pair(self) -> None:
        self.assert_refused(
            "--resource: 'VCPU' is not NAME=VALUE; write it as VCPU=2",
            "build", "--resource", "VCPU",
        )  # fmt: skip
        self.assert_refused(
            "--resource: VCPU stands twice; give it once",
            "build", "--resource", "VCPU=1", "--resource", "VCPU=2",
        )  # fmt: skip

    def test_count(self) -> None:
        self.assert_refused(
            "build: count: 0 instances were asked for; ask for 1 or more",
            "build", "--resource", "VCPU=1", "--count", "0",
        )  # fmt: skip

    def test_contradictory_traits(self) -> None:
        self.assert_refused(
            "build: required_traits: CUSTOM_A is required and forbidden; "
            "take it out of one of the two",
            "build", "--resource", "VCPU=1", "--trait", "CUSTOM_A", "--forbid-trait", "CUSTOM_A",
        )  # fmt: skip

    def test_what_the_super_conductor_refuses(self) -> None:
        refusals: list[Exception] = [
            errors.RequestIdTaken("x"),
            errors.BadQuery("sort", "no such key", "use another"),
            errors.TooManyEqualGroups(8, 5),
            errors.LedgerRefusedRequest("no such trait"),
        ]
        for refusal in refusals:
            self.cloud.client.refuse_build = lambda request, refusal=refusal: refusal  # type: ignore[misc]
            self.assert_refused(str(refusal), "build", "--resource", "VCPU=1")

    def test_a_service_that_is_down_is_no_bad_input(self) -> None:
        down = errors.ServiceUnavailable("super-conductor", "no answer")
        self.cloud.client.refuse_build = lambda request: down
        self.assertEqual(1, self.understudy("build", "--resource", "VCPU=1"))
        self.assertEqual(f"understudy: {down}\n", self.err)

    def test_a_file_that_is_wrong(self) -> None:
        path = self.file("request.yaml", "count: 1\nresorces: {VCPU: 1}\n")
        self.assert_refused(
            f"{path}: resorces: there is no such field; did you mean resources?",
            "build", "--file", path,
        )  # fmt: skip

    def test_a_file_that_is_not_there(self) -> None:
        self.assert_refused(
            "nowhere.yaml: there is no such file; check the name",
            "build", "--file", "nowhere.yaml",
        )  # fmt: skip


class BadCommandTest(AppTestCase):
    def test_a_command_that_is_none(self) -> None:
        self.assert_refused(
            "there is no command 'lst', did you mean list?; see understudy --help", "lst"
        )

    def test_an_option_that_is_none(self) -> None:
        self.assert_refused(
            "list: unrecognized arguments: --colour; see understudy --help", "list", "--colour"
        )

    def test_numbers_out_of_bounds(self) -> None:
        self.assert_refused(
            "demo: argument --fail-hosts: '2' is not a fraction; "
            "give 0 to 1, as in 0.1 for one in ten; see understudy --help",
            "demo", "--fail-hosts", "2",
        )  # fmt: skip
        self.assert_refused(
            "demo: argument --builds: 0 is out of bounds; give 1 to 100000; see understudy --help",
            "demo", "--builds", "0",
        )  # fmt: skip
        self.assert_refused(
            "list: argument --limit: '1.5' is not a whole number; write digits only; "
            "see understudy --help",
            "list", "--limit", "1.5",
        )  # fmt: skip

    def test_bugs_are_told_without_a_traceback(self) -> None:
        self.cloud.client.refuse_build = lambda request: KeyError("oops")
        self.assertEqual(1, self.understudy("build", "--resource", "VCPU=1"))
        self.assertEqual(
            "understudy: KeyError: 'oops'; --debug shows where it came from\n", self.err
        )
        self.assertRaises(KeyError, self.understudy, "--debug", "build", "--resource", "VCPU=1")

    def test_logs_are_quiet_unless_asked_for(self) -> None:
        def refuse(request: Any) -> None:
            logging.getLogger("understudy.conductor").warning("look here")

        self.cloud.client.refuse_build = refuse
        self.understudy("build", "--resource", "VCPU=1")
        self.assertNotIn("look here", self.err)
        self.understudy("-v", "build", "--resource", "VCPU=1")
        self.assertIn("WARNING understudy.conductor look here", self.err)

    def test_help_names_every_command(self) -> None:
        self.assertEqual(0, self.understudy())
        for command in ("demo", "replay", "host drain", "cell list", "wait"):
            self.assertIn(command, self.out)


class ConnectTest(AppTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clouds = Clouds()
        without = {k: v for k, v in os.environ.items() if not k.startswith("UNDERSTUDY_")}
        environment = unittest.mock.patch.dict(os.environ, without, clear=True)
        environment.start()
        self.addCleanup(environment.stop)

    def test_no_cloud_is_named(self) -> None:
        self.assert_refused(
            "--state-dir: it is not said which cloud to talk to; "
            "give --state-dir DIR, --config-file FILE or --transport-url-file FILE",
            "list",
        )

    def test_two_clouds_are_named(self) -> None:
        self.assert_refused(
            "--state-dir: it stands beside --config-file or --transport-url; "
            "say which cloud you mean",
            "--state-dir", "here", "--transport-url", "rabbit://there", "list",
        )  # fmt: skip

    def test_there_is_no_cloud_there(self) -> None:
        self.assert_refused(
            f"{self.folder}: there is no cloud; "
            "make one with understudy demo --state-dir DIR, or name its directory",
            "list", "--state-dir", str(self.folder),
        )  # fmt: skip

    def test_something_else_is_there(self) -> None:
        self.file("notes.txt", "mine")
        self.assert_refused(
            f"{self.folder}: something is there already; name a new directory",
            "demo", "--state-dir", str(self.folder),
        )  # fmt: skip
        self.assertEqual(["notes.txt"], [path.name for path in self.folder.iterdir()])

    def test_a_configuration_that_is_not_there(self) -> None:
        self.assert_refused(
            "nowhere.conf: there is no such file; check the name",
            "list", "--config-file", "nowhere.conf",
        )  # fmt: skip

    def test_a_demo_has_a_cloud_of_its_own(self) -> None:
        self.assert_refused(
            "--transport-url: demo makes a cloud of its own; leave it out",
            "demo", "--transport-url", "rabbit://there",
        )  # fmt: skip
        self.assert_refused(
            "--transport-url-file: demo makes a cloud of its own; leave it out",
            "demo", "--transport-url-file", "there.url",
        )  # fmt: skip
