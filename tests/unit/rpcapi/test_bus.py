"""What the topics of a bus are called, and what it is opened with."""

import testtools
from oslo_config import cfg

from understudy.rpcapi import options
from understudy.rpcapi.bus import EMBEDDED, Bus, embedded_url


class BusTest(testtools.TestCase):
    def open(self, name: str, url: str = EMBEDDED, conf: cfg.ConfigOpts | None = None) -> Bus:
        bus = Bus.open(name, url, conf=conf)
        self.addCleanup(bus.close)
        return bus

    def test_topics_carry_the_name_of_the_bus(self) -> None:
        self.assertEqual("understudy.api.scheduler", self.open("api").topic("scheduler"))
        self.assertEqual("understudy.cell1.compute", self.open("cell1").topic("compute"))

    def test_a_bus_knows_as_whom_it_is_logged_in(self) -> None:
        for user, url in (
            ("guest", EMBEDDED),
            ("agent-1", embedded_url("agent-1")),
            ("a b@c:%", embedded_url("a b@c:%")),
            ("guest", "rabbit://nowhere:5672/"),
            ("api", "rabbit://api:secret@nowhere:5672/v"),
            ("api", "rabbit://api:secret@one:5672,api:secret@two:5672/v"),
        ):
            self.assertEqual(user, self.open("api", url).user, url)

    def test_it_does_not_where_that_depends_on_the_host(self) -> None:
        self.assertIsNone(self.open("api", "rabbit://a:secret@one:5672,b:secret@two:5672/v").user)

    def test_with_a_certificate_it_does_if_the_url_says_so(self) -> None:
        conf = options.private(rabbit_login_method="EXTERNAL")
        self.assertIsNone(self.open("api", "rabbit://nowhere:5672/", conf).user)
        self.assertEqual("api", self.open("api", "rabbit://api:@nowhere:5672/", conf).user)

    def test_a_release_that_nobody_made_is_refused(self) -> None:
        error = self.assertRaises(ValueError, Bus.open, "api", EMBEDDED, release="0.0")
        self.assertIn("0.1", str(error))

    def test_the_operators_release_pins_what_is_sent(self) -> None:
        conf = options.private()
        conf.set_override("release", "0.1", group="upgrade")
        self.assertEqual("0.1", self.open("api", "rabbit://nowhere:5672/", conf).release)

    def test_without_a_release_nothing_is_pinned(self) -> None:
        self.assertIsNone(self.open("api", "rabbit://nowhere:5672/", options.private()).release)

    def test_an_operator_cannot_pin_a_release_that_nobody_made(self) -> None:
        conf = options.private()
        self.assertRaises(ValueError, conf.set_override, "release", "0.0", group="upgrade")

    def test_queues_on_rabbitmq_are_quorum_queues(self) -> None:
        bus = self.open("api", "rabbit://nowhere:5672/")
        self.assertTrue(bus.transport.conf.oslo_messaging_rabbit.rabbit_quorum_queue)
        self.assertTrue(bus.transport.conf.oslo_messaging_rabbit.rabbit_transient_quorum_queue)

    def test_the_operator_has_the_last_word(self) -> None:
        conf = options.private()
        conf.set_override("rabbit_quorum_queue", False, group="oslo_messaging_rabbit")
        bus = self.open("api", "rabbit://nowhere:5672/", conf)
        self.assertFalse(bus.transport.conf.oslo_messaging_rabbit.rabbit_quorum_queue)

    def test_two_buses_may_share_the_operators_options(self) -> None:
        conf = options.private()
        self.open("cell1", "rabbit://one:5672/", conf)
        self.open("cell2", "rabbit://two:5672/", conf)
