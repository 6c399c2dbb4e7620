"""The ledger as operators configure it: Keystone leads to Placement."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from oslo_config import cfg

from tests.fakes.faults import Fault
from tests.functional.ledger.subject import OWNER, new_uuid, wanted
from tests.integration.ledger.subject import OverHttp
from tests.integration.support.faulty_proxy import FaultyProxy
from tests.integration.support.keystone import PASSWORD, SECRET, Endpoint, Keystone
from understudy.ledger import errors, options
from understudy.ledger.ledger import Ledger

NOWHERE = "http://127.0.0.1:1/"
USER = {
    "auth_type": "password",
    "username": "understudy",
    "password": PASSWORD,
    "user_domain_name": "Default",
    "project_name": "service",
    "project_domain_name": "Default",
}
APPLICATION_CREDENTIAL = {
    "auth_type": "v3applicationcredential",
    "application_credential_id": "ours",
    "application_credential_secret": SECRET,
}
IMPATIENCE = {"connect_timeout": 1, "read_timeout": 1}


class KeystoneTest(OverHttp):
    """Placement asks who comes, as it does behind Keystone's middleware."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.useFixture(FaultyProxy(self.server.url))
        self.keystone = self.useFixture(
            Keystone(
                Endpoint("public", "one", NOWHERE),
                Endpoint("internal", "one", self.proxy.url),
                Endpoint("internal", "two", NOWHERE),
            )
        )
        self.proxy.admits = self.keystone.admits
        self.arrived: list[str] = []
        self.proxy.faults.hook = self.arrived.append
        self.a, self.b = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 4})
        self.vm = new_uuid()

    def ledger(self, *more: Mapping[str, object]) -> Ledger:
        """Return what a service makes of its file."""
        settings: dict[str, object] = {
            "auth_url": self.keystone.url,
            "region_name": "one",
            "valid_interfaces": "internal",
            **USER,
        }
        for each in more:
            settings.update(each)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "understudy.conf"
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        file.write_text("[placement]\n" + "".join(lines))
        conf = cfg.ConfigOpts()
        options.register(conf)
        conf([f"--config-file={file}"], default_config_dirs=[])
        return options.connect(conf)

    def claim(self, ledger: Ledger) -> dict[str, int]:
        asked = wanted(self.vm, {self.a: {"VCPU": 1}})
        return dict(ledger.claims.claim_many([asked]).claimed)

    def move(self, ledger: Ledger) -> int:
        return ledger.claims.swap(wanted(self.vm, {self.b: {"VCPU": 1}}, 1))

    def never_sent(self, ledger: Ledger) -> str:
        """Check that nothing can have changed; return what is said of it."""
        error = self.assertRaises(errors.LedgerUnavailable, self.move, ledger)
        self.assertNotIsInstance(error, errors.OutcomeUnknown)
        self.assertNotIn(PASSWORD, str(error))
        return str(error)

    def writes(self) -> list[str]:
        """Return which writes Placement had, since this was asked last."""
        found = [each.partition(" ")[0] for each in self.arrived if not each.startswith("GET")]
        self.arrived.clear()
        return found

    def test_a_password_and_the_catalog_are_all_it_needs(self) -> None:
        ledger = self.ledger()
        self.assertEqual({self.vm: 1}, self.claim(ledger))
        self.assertEqual(2, self.move(ledger))
        ledger.claims.unclaim(self.vm, OWNER, 2)
        self.assertEqual(["password"], self.keystone.asked)

    def test_the_catalog_is_read_for_the_region_and_the_interface(self) -> None:
        elsewhere = self.ledger({"region_name": "two"})
        self.assertIn(
            "Unable to establish connection to http://127.0.0.1:1", self.never_sent(elsewhere)
        )
        nowhere = self.ledger({"region_name": "three"})
        said = self.never_sent(nowhere)
        self.assertIn("check [placement] region_name and valid_interfaces", said)
        self.assertEqual(
            {self.vm: 1}, self.claim(self.ledger({"valid_interfaces": "admin,internal"}))
        )

    def test_an_endpoint_of_the_file_wins_over_the_catalog(self) -> None:
        there = {"endpoint_override": self.proxy.url, "region_name": "two"}
        self.assertEqual({self.vm: 1}, self.claim(self.ledger(there)))

    def test_a_refused_token_is_renewed_and_the_write_arrives_once(self) -> None:
        ledger = self.ledger()
        self.claim(ledger)
        self.writes()
        self.keystone.revoke()
        self.assertEqual(2, self.move(ledger))
        self.assertEqual(["PUT"], self.writes())
        self.assertEqual(2, len(self.keystone.asked))
        self.assertEqual({self.b: {"VCPU": 1}}, dict(ledger.claims.read_back(self.vm).allocations))

    def test_an_expired_token_is_not_even_shown(self) -> None:
        self.keystone.lifetime = timedelta(seconds=1)
        ledger = self.ledger()
        self.claim(ledger)
        self.assertEqual(2, self.move(ledger))
        self.assertGreater(len(self.keystone.asked), 1)

    def test_a_lost_answer_is_read_back_with_a_new_token(self) -> None:
        ledger = self.ledger()
        self.claim(ledger)
        self.proxy.faults.next_writes(Fault.LOST_AFTER)
        self.proxy.faults.hook = lambda operation: self.keystone.revoke()
        self.assertEqual(2, self.move(ledger))
        self.assertEqual(2, ledger.claims.read_back(self.vm).generation)

    def test_no_keystone_is_an_outage_and_nothing_was_sent(self) -> None:
        self.keystone.refuse()
        ledger = self.ledger()
        self.assertIn("Unable to establish connection", self.never_sent(ledger))
        self.keystone.listen()
        self.assertEqual({self.vm: 1}, self.claim(ledger))

    def test_a_keystone_that_goes_before_a_token_is_renewed(self) -> None:
        ledger = self.ledger()
        self.claim(ledger)
        self.keystone.revoke()
        self.keystone.refuse()
        self.never_sent(ledger)
        self.keystone.listen()
        self.assertEqual(2, self.move(ledger))

    def test_a_keystone_that_hangs_is_an_outage(self) -> None:
        self.keystone.silent.set()
        self.never_sent(self.ledger(IMPATIENCE))

    def test_a_keystone_that_hangs_as_a_token_is_renewed(self) -> None:
        ledger = self.ledger(IMPATIENCE)
        self.claim(ledger)
        self.keystone.revoke()
        self.keystone.silent.set()
        self.never_sent(ledger)

    def test_a_wrong_password_is_said_to_be_that(self) -> None:
        said = self.never_sent(self.ledger({"password": "wrong"}))
        self.assertIn("Keystone refuses the credentials in [placement]", said)
        self.assertNotIn("wrong", said)

    def test_a_password_that_was_changed_meanwhile(self) -> None:
        ledger = self.ledger()
        self.claim(ledger)
        self.keystone.revoke()
        self.keystone.password = "changed"
        self.assertIn("Keystone refuses the credentials in [placement]", self.never_sent(ledger))

    def test_an_application_credential_does_as_well(self) -> None:
        self.assertEqual({self.vm: 1}, self.claim(self.ledger(APPLICATION_CREDENTIAL)))
        self.assertEqual(["application_credential"], self.keystone.asked)
