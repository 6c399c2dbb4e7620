"""What the ledger makes of a network and a load balancer that fail for real."""

from __future__ import annotations

import threading

from tests.fakes.faults import Fault
from tests.functional.ledger.subject import OWNER, TwoHostsTestCase, new_uuid, request, wanted
from tests.integration.ledger.subject import OverHttp, connect
from tests.integration.support.faulty_proxy import FaultyProxy
from understudy.ledger import api, errors

IMPATIENCE = api.Timeouts(connect=1, read=1)


class ThroughProxy(OverHttp, TwoHostsTestCase):
    """`claims` and the rest go through a proxy."""

    def connect(self) -> None:
        super().connect()
        self.proxy = self.useFixture(FaultyProxy(self.server.url))
        ledger = connect(self.proxy.url, IMPATIENCE)
        self.claims, self.candidates, self.books = ledger.claims, ledger.candidates, ledger.books
        self.faults = self.proxy.faults


class WireTest(ThroughProxy):
    """What is broken at once."""

    def test_through_a_proxy_that_does_nothing_all_is_as_without(self) -> None:
        self.assertEqual({self.vm: 1}, self.first())
        self.assertEqual(2, self.move())
        self.assertEqual({"VCPU": 1}, self.books.usages(self.b))

    def test_a_reset_after_the_write_is_read_back(self) -> None:
        self.faults.next_writes(Fault.LOST_AFTER)
        self.assertEqual({self.vm: 1}, self.first())
        self.faults.next_writes(Fault.LOST_AFTER)
        self.assertEqual(2, self.move())
        self.faults.next_writes(Fault.LOST_AFTER)
        self.claims.unclaim(self.vm, OWNER, 2)
        self.assertEqual({}, self.claims.read_back(self.vm).allocations)

    def test_a_reset_before_the_write_is_sent_again(self) -> None:
        self.faults.next_writes(Fault.LOST_BEFORE)
        self.assertEqual({self.vm: 1}, self.first())

    def test_a_load_balancer_without_a_server_is_an_outage(self) -> None:
        self.faults.writes = self.faults.reads = Fault.ERROR
        self.assertRaises(errors.LedgerUnavailable, self.candidates.find, request({"VCPU": 1}), 5)
        self.assertRaises(errors.LedgerUnavailable, self.move)

    def test_a_closed_port_is_an_outage_and_changes_nothing(self) -> None:
        self.first()
        self.proxy.refuse()
        error = self.assertRaises(errors.LedgerUnavailable, self.move)
        self.assertNotIsInstance(error, errors.OutcomeUnknown)
        self.proxy.listen()
        self.assertEqual(2, self.move())

    def test_a_slow_answer_is_an_outage(self) -> None:
        self.proxy.delay = 2 * IMPATIENCE.read
        self.assertRaises(errors.LedgerUnavailable, self.candidates.find, request({"VCPU": 1}), 5)

    def test_a_write_that_lands_late_finds_the_fence(self) -> None:
        self.first()
        self.faults.next_writes(Fault.LATE)
        self.assertEqual(2, self.move())
        self.faults.land()
        self.assertEqual({self.b: {"VCPU": 1}}, self.claims.read_back(self.vm).allocations)
        self.assertEqual(2, self.claims.read_back(self.vm).generation)


class SlowTest(ThroughProxy):
    """Answers that come when the caller has given up."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy.slowness = 3 * IMPATIENCE.read

    def test_a_timeout_after_the_write_was_applied_is_read_back(self) -> None:
        self.proxy.slow_writes = 1
        self.assertEqual({self.vm: 1}, self.first())
        self.proxy.slow_writes = 1
        self.assertEqual(2, self.move())
        self.proxy.slow_writes = 1
        self.claims.unclaim(self.vm, OWNER, 2)
        self.assertEqual({}, self.claims.read_back(self.vm).allocations)

    def test_a_timeout_after_a_batch_was_applied_is_read_back(self) -> None:
        vms = [new_uuid() for _ in range(3)]
        self.proxy.slow_writes = 1
        results = self.claims.claim_many([wanted(vm, {self.a: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)
        self.assertEqual({"VCPU": 3}, self.books.usages(self.a))

    def test_where_all_is_slow_each_operation_says_that_nobody_knows(self) -> None:
        self.first()
        self.proxy.delay = 2 * IMPATIENCE.read
        other = wanted(new_uuid(), {self.a: {"VCPU": 1}})
        batch = [wanted(new_uuid(), {self.a: {"VCPU": 1}}) for _ in range(2)]
        self.assertRaises(errors.OutcomeUnknown, self.claims.claim_many, [other])
        self.assertRaises(errors.OutcomeUnknown, self.claims.claim_many, batch)
        self.assertRaises(errors.OutcomeUnknown, self.move)
        self.assertRaises(errors.OutcomeUnknown, self.claims.unclaim, self.vm, OWNER, 1)
        error = self.assertRaises(errors.LedgerUnavailable, self.claims.read_back, self.vm)
        self.assertNotIsInstance(error, errors.OutcomeUnknown)


class WorkersTest(OverHttp):
    """Several of Placement's workers, and all of them gone."""

    def test_threads_that_race_for_a_host_never_overfill_it(self) -> None:
        """They do, unless Placement is configured as ours: see support/placement.py."""
        for number in range(5):
            self.race_for(self.host(f"host-{number}", {"VCPU": 5}))

    def race_for(self, host: str) -> None:
        vms = [new_uuid() for _ in range(12)]
        ledgers = [connect(self.server.url) for _ in range(4)]
        outcomes: dict[str, bool] = {}

        def claim(number: int) -> None:
            for vm in vms[number::4]:
                results = ledgers[number].claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
                outcomes[vm] = vm in results.claimed

        threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(5, sum(outcomes.values()))
        self.assertEqual(set(vms), set(outcomes))
        self.assertEqual({"VCPU": 5}, self.books.usages(host))
        holding = {vm for vm in vms if self.claims.read_back(vm).allocations}
        self.assertEqual({vm for vm, claimed in outcomes.items() if claimed}, holding)

    def test_a_restart_is_an_outage_and_then_over(self) -> None:
        host, vm = self.host("a", {"VCPU": 5}), new_uuid()
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        self.server.stop()
        error = self.assertRaises(errors.LedgerUnavailable, self.claims.read_back, vm)
        self.assertNotIsInstance(error, errors.OutcomeUnknown)
        self.server.start()
        self.assertEqual(1, self.claims.read_back(vm).generation)
        self.claims.unclaim(vm, OWNER, 1)

    def test_without_its_database_it_is_an_outage(self) -> None:
        host, vm = self.host("a", {"VCPU": 5}), new_uuid()
        self.server.mariadb.stop()
        try:
            asked = wanted(vm, {host: {"VCPU": 1}})
            self.assertRaises(errors.LedgerUnavailable, self.claims.claim_many, [asked])
        finally:
            self.server.mariadb.start()
        self.assertEqual({vm: 1}, self.claims.claim_many([asked]).claimed)
