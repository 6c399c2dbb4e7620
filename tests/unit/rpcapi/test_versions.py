"""What is sent while some peers are older."""

from unittest import mock

import testtools

from tests.unit.objects import samples
from understudy.rpcapi import errors, versions
from understudy.rpcapi.bus import EMBEDDED, Bus
from understudy.rpcapi.client import Client
from understudy.rpcapi.context import RequestContext

NEWEST = "0.2"


class TomorrowsScheduler(Client):
    """The client of a release that has one method more."""

    service = "scheduler"
    version = "1.1"

    def forecast(self) -> None:
        self._call(RequestContext(), "forecast", since="1.1")

    def note(self) -> None:
        self._cast(RequestContext(), "note", since="1.1")


class CapsTest(testtools.TestCase):
    def test_every_release_caps_every_service(self) -> None:
        for release, caps in versions.CAPS.items():
            self.assertEqual(set(versions.INTERFACES), set(caps), release)

    def test_this_release_is_capped_at_what_it_offers(self) -> None:
        self.assertEqual(versions.INTERFACES, versions.CAPS[NEWEST])

    def test_unpinned_all_that_is_known_is_sent(self) -> None:
        self.assertEqual(versions.SCHEDULER, versions.cap("scheduler", None))

    def test_nothing_above_the_cap_is_sent(self) -> None:
        bus = Bus.open("api", EMBEDDED, release=NEWEST)
        self.addCleanup(bus.close)
        client = TomorrowsScheduler(bus)
        for send in (client.forecast, client.note):
            error = self.assertRaises(errors.PeerTooOld, send)
            self.assertEqual(("scheduler", "1.1", "1.0"), error.args)

    def test_a_client_without_a_pin_sends_what_it_knows(self) -> None:
        bus = Bus.open("api", EMBEDDED)
        self.addCleanup(bus.close)
        with mock.patch.dict(versions.INTERFACES, {"scheduler": "1.1"}):
            client = TomorrowsScheduler(bus)
        error = self.assertRaises(errors.ServiceUnavailable, client.note)
        self.assertIn("nobody listens", str(error))


class ManifestTest(testtools.TestCase):
    def test_this_release_lists_every_object(self) -> None:
        known = {name: classes[0].VERSION for name, classes in samples.registered().items()}
        self.assertEqual(known, versions.OBJECTS[NEWEST])
