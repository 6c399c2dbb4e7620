"""A service refuses a file with credentials that are not for it, whatever they are called."""

from __future__ import annotations

import fixtures

from tests.unit.cli.services_case import KINDS, PLACEMENT, ServicesTestCase
from understudy.cli.bad_input import BadInput


class ForeignTest(ServicesTestCase):
    def refused(self, kind: str, expected: str, *texts: str) -> None:
        self.write(self.default, *texts)
        self.assert_refused(f"{expected}; take it out", KINDS[kind]())

    def test_a_cell_has_no_api_database(self) -> None:
        self.refused(
            "cell",
            "[api_database] connection: nothing in a cell may reach the API database",
            self.cell,
            PLACEMENT,
            self.api,
        )

    def test_a_host_has_no_database(self) -> None:
        self.refused(
            "compute",
            "[api_database] connection: nothing in a cell may reach the API database",
            self.agent,
            self.api,
        )
        self.refused(
            "compute",
            "[cell_database] connection: a host's agent may reach no database",
            self.agent,
            self.cell,
        )

    def test_a_host_has_no_placement(self) -> None:
        for line in (
            "auth_type = password",
            "password = secret",
            "application-credential-secret=s",
        ):
            name = line.partition("=")[0].strip().replace("-", "_")
            self.refused(
                "compute",
                f"[placement] {name}: a host's agent may not reach Placement",
                self.agent,
                f"[placement]\n# for nobody\n{line}\n",
            )

    def test_nor_in_its_environment(self) -> None:
        self.write(self.default, self.agent)
        for name, found in (
            ("PLACEMENT__PASSWORD", "environment: OS_PLACEMENT__PASSWORD: a host's agent may not"),
            ("CELL_DATABASE__CONNECTION", "[cell_database] connection: a host's agent may reach"),
        ):
            with fixtures.EnvironmentVariable(f"OS_{name}", "sqlite://"):
                wrong = self.assertRaises(BadInput, self.read, KINDS["compute"]())
                self.assertIn(found, str(wrong))
        with fixtures.EnvironmentVariable("OS_PLACEMENT__READ_TIMEOUT", "5"):
            self.read(KINDS["compute"]())

    def test_what_is_no_credential_may_be_in_a_file_for_all(self) -> None:
        harmless = "[api_database]\nmax_pool_size = 5\n[placement]\nread_timeout = 5\n"
        self.write(self.default, self.agent, harmless)
        self.read(KINDS["compute"]())

    def test_a_section_that_says_nothing_is_nothing(self) -> None:
        self.write(self.default, self.agent, "[placement]\n# auth_type = password\n")
        self.assertEqual([], self.read(KINDS["compute"]()).set_in("placement"))
