"""The example that calls only the scheduler claims, and says truly how to move and give back."""

from __future__ import annotations

import json
import re

from examples import select_only
from tests.functional.examples.case import ExampleTestCase
from tests.unit.objects import samples
from understudy.ledger import embedded


class SelectOnlyTest(ExampleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()
        # The one that the cloud runs on.
        self.placement = embedded.mount("").adapter()

    def select(self, *more: str) -> tuple[int, str]:
        request = ("--request-id", samples.uuid(1), "--resource", "VCPU=4")
        return self.run_example(select_only.main, *request, *more)

    def put(self, path: str, body: str) -> None:
        answer = self.placement.put(path, json=json.loads(body), raise_exc=False)
        self.assertEqual(204, answer.status_code, answer.text)

    def usages(self) -> dict[str, int]:
        """Return the claimed VCPUs of each host."""
        used = {}
        for provider in self.placement.get("/resource_providers").json()["resource_providers"]:
            usages = self.placement.get(f"/resource_providers/{provider['uuid']}/usages").json()
            used[provider["name"]] = usages["usages"]["VCPU"]
        return used

    def test_it_claims_and_names_alternates(self) -> None:
        code, printed = self.select("--count", "1", "--alternates", "2")
        self.assertEqual(0, code, printed)
        self.assertEqual(4, sum(self.usages().values()))
        hosts = {*re.findall(r"(?: on|alternate) (host-\d)", printed)}
        self.assertEqual({"host-1", "host-2", "host-3"}, hosts)

    def test_selecting_twice_claims_once(self) -> None:
        self.select()
        self.assertEqual(0, self.select()[0])
        self.assertEqual(4, sum(self.usages().values()))

    def test_what_it_prints_moves_the_claim(self) -> None:
        _, printed = self.select("--alternates", "1")
        [(alternate, path, body)] = re.findall(
            r"alternate (\S+); to move there:\n +PUT (\S+) .*\n +(.*)", printed
        )
        self.put(path, body)
        claimed = {host: used for host, used in self.usages().items() if used}
        self.assertEqual({alternate: 4}, claimed)

    def test_what_it_prints_gives_the_claims_back(self) -> None:
        _, printed = self.select("--count", "2")
        found = re.findall(r"to give it back:\n +PUT (\S+) .*\n +(.*)", printed)
        self.assertEqual(2, len(found))
        for path, body in found:
            self.put(path, body)
        self.assertEqual({0}, {*self.usages().values()})

    def test_the_audit_leaves_these_claims_alone(self) -> None:
        self.select()
        self.assertEqual([], list(self.cloud.audit().leaked))

    def test_no_valid_host_says_what_would_help(self) -> None:
        code, printed = self.select("--count", "4")
        self.assertEqual(1, code)
        self.assert_printed("^NoValidHost: found 3 of 4 hosts; ", printed)
