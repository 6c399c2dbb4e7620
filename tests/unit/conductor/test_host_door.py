"""An agent is told which of its hosts no cell takes, and goes on with the others."""

from __future__ import annotations

import unittest

from understudy.compute.fake_hosts import fake_host
from understudy.conductor import host_door
from understudy.objects.host import Host
from understudy.objects.limits import HostLimits
from understudy.rpcapi.errors import HostRefused

PLAIN = "write up to 255 letters, digits, '.', '_' or '-', the first a letter or a digit"


class HostDoorTest(unittest.TestCase):
    def refused(self, host: Host) -> str:
        with self.assertRaises(HostRefused) as caught:
            host_door.check(host, HostLimits())
        return str(caught.exception)

    def test_a_host_as_drivers_describe_it(self) -> None:
        host_door.check(fake_host("host-1", "agent", {"VCPU": 1}), HostLimits())

    def test_a_name_that_a_terminal_would_obey(self) -> None:
        self.assertEqual(
            rf"host \x1b[2J is refused: name: '\x1b[2J' is no plain name; {PLAIN}; "
            "correct it and register again",
            self.refused(fake_host("\x1b[2J", "agent", {"VCPU": 1})),
        )

    def test_no_name_at_all_and_far_too_long_a_one(self) -> None:
        self.assertEqual(
            "host without a name is refused: name: it is missing; write it down; "
            "correct it and register again",
            self.refused(Host()),
        )
        self.assertLess(len(self.refused(fake_host("x" * 3_000_000, "a", {"VCPU": 1}))), 400)
