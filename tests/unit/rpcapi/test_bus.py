"""What the topics of a bus are called, and what it is opened with."""

import testtools
from oslo_config import cfg

from understudy.rpcapi import options
from understudy.rpcapi.bus import EMBEDDED, Bus


class BusTest(testtools.TestCase):
    def open(self, name: str, url: str = EMBEDDED, conf: cfg.ConfigOpts | None = None) -> Bus:
        bus = Bus.open(name, url, conf=conf)
        self.addCleanup(bus.close)
        return bus

    def test_topics_carry_the_name_of_the_bus(self) -> None:
        self.assertEqual("understudy.api.scheduler", self.open("api").topic("scheduler"))
        self.assertEqual("understudy.cell1.compute", self.open("cell1").topic("compute"))

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
