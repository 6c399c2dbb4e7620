"""Wire errors rebuild on the far side, and say in one line what to do next."""

import sys
from typing import Any

import testtools
from oslo_messaging._drivers import common

from understudy.objects.errors import InvalidRequest, UnderstudyError
from understudy.rpcapi import client, errors
from understudy.rpcapi.bus import WIRE_ERRORS

EXAMPLES: dict[type[UnderstudyError], tuple[Any, ...]] = {
    InvalidRequest: ("resources.VCPU", "0 is too low", "give 1 or more"),
    errors.NoValidHost: (
        3,
        1,
        {"not enough VCPU": 12, "filter anti_affinity": 3},
        "host-7, which has 3 of 4 VCPU free",
        "ask for 3 VCPU",
    ),
    errors.ServiceUnavailable: ("scheduler", "no answer within 60 s"),
    errors.BadRequest: ("conductor", "there is no method frobnicate"),
    errors.UnsupportedVersion: ("conductor", "version 1.9 of its interface", "1.1"),
    errors.LedgerDown: ("connection refused",),
    errors.LedgerRefusedRequest: ("no such trait CUSTOM_X",),
    errors.TooManyEqualGroups: (9, 8),
    errors.Superseded: ("vm", 1, 2),
    errors.AlreadyBuilt: ("vm", 1),
    errors.RequestIdTaken: ("request",),
    errors.RequestNotFound: ("request",),
    errors.InstanceNotFound: ("vm",),
    errors.HostNotFound: ("host",),
    errors.Forbidden: ("list_hosts", "user 'u' of project 'p'", "it needs more; ask for less"),
    errors.CellNotFound: ("cell",),
    errors.HostInTwoCells: ("host", "cell1", "cell2"),
    errors.CellUnavailable: ("cell1", "its database is gone"),
    errors.HostRefused: ("host", "it has no root provider"),
    errors.Overloaded: ("scheduler", 2.5),
    errors.BadQuery: ("sort_key", "there is no colour", "sort by name"),
    errors.PeerTooOld: ("compute", "1.1", "1.0"),
    errors.WaitTimedOut: ("request", 600.0),
}


def cross_the_wire(error: Exception) -> Exception:
    """Return what oslo.messaging makes of the error on the far side."""
    try:
        raise error
    except type(error):
        text = common.serialize_remote_exception(sys.exc_info())
    rebuilt: Exception = common.deserialize_remote_exception(text, WIRE_ERRORS)
    return rebuilt


class WireErrorsTest(testtools.TestCase):
    def test_every_error_has_an_example(self) -> None:
        defined = {
            each
            for each in vars(errors).values()
            if isinstance(each, type) and issubclass(each, errors.WireError)
        }
        self.assertEqual(defined - {errors.WireError}, set(EXAMPLES) - {InvalidRequest})

    def test_each_rebuilds_from_its_facts(self) -> None:
        for each, facts in EXAMPLES.items():
            with self.subTest(each.__name__):
                rebuilt = cross_the_wire(each(*facts))
                self.assertIsInstance(rebuilt, each)
                self.assertEqual(facts, rebuilt.args)
                self.assertEqual(vars(each(*facts)), vars(rebuilt))

    def test_facts_given_by_name_travel_too(self) -> None:
        rebuilt = cross_the_wire(
            errors.Superseded(instance_uuid="vm", attempt=1, current_attempt=2)
        )
        self.assertEqual(("vm", 1, 2), rebuilt.args)

    def test_each_says_one_line_that_ends_with_what_to_do(self) -> None:
        for each, facts in EXAMPLES.items():
            with self.subTest(each.__name__):
                line = str(each(*facts))
                self.assertNotIn("\n", line)
                self.assertIn("; ", line)

    def test_the_far_sides_traceback_is_not_part_of_the_line(self) -> None:
        original = errors.LedgerDown("connection refused")
        rebuilt = cross_the_wire(original)
        self.assertIn("Traceback", str(rebuilt))
        assert isinstance(rebuilt, UnderstudyError)
        unwrapped = client.without_traceback(rebuilt)
        self.assertIs(errors.LedgerDown, type(unwrapped))
        self.assertEqual(str(original), str(unwrapped))


class NoValidHostTest(testtools.TestCase):
    def test_it_says_what_eliminated_how_many_and_what_would_help(self) -> None:
        self.assertEqual(
            "found 1 of 3 hosts; eliminated by not enough VCPU: 12, filter anti_affinity: 3; "
            "nearest was host-7, which has 3 of 4 VCPU free; ask for 3 VCPU",
            str(errors.NoValidHost(*EXAMPLES[errors.NoValidHost])),
        )

    def test_it_leaves_out_what_is_not_known(self) -> None:
        self.assertEqual(
            "found 0 of 1 hosts; no host was a candidate; register hosts",
            str(errors.NoValidHost(1, 0, {}, "", "register hosts")),
        )
