"""Every option says what it is for and when to change it; numbers have bounds."""

from __future__ import annotations

import re

import testtools
from oslo_config import cfg

from understudy.cli import limit_options, options
from understudy.compute import options as compute_options
from understudy.ledger import options as ledger_options
from understudy.objects.limits import HostLimits, RequestLimits
from understudy.rpcapi import options as bus_options

LEAST_HELP = 60
WHEN = re.compile(
    r"\b(Raise|Lower|Change|Set|Keep|Put|Add|use it|[Nn]ever|raise|where|when|with SIGHUP)\b"
)


def ours() -> list[tuple[str, cfg.Opt]]:
    """Return every option that we define: Keystone's own are its own."""
    mine = {option.name for option in ledger_options.own_opts()}
    return [
        (group, option)
        for group, found in options.registered()
        for option in found
        if group != ledger_options.GROUP or option.name in mine
    ]


class OptionsTest(testtools.TestCase):
    def test_each_says_when_to_change_it(self) -> None:
        silent = [
            f"[{group}] {option.name}: {option.help}"
            for group, option in ours()
            if len(option.help or "") < LEAST_HELP or not WHEN.search(option.help or "")
        ]
        self.assertEqual([], silent)

    def test_each_number_has_bounds(self) -> None:
        boundless = [
            f"[{group}] {option.name}"
            for group, option in ours()
            if isinstance(option, (cfg.IntOpt, cfg.FloatOpt))
            and getattr(option.type, "min", None) is None
        ]
        self.assertEqual([], boundless)

    def test_limits_are_what_they_are_without_a_file(self) -> None:
        conf = cfg.ConfigOpts()
        options.register(conf)
        conf([], default_config_files=[])
        self.assertEqual(RequestLimits(), limit_options.requests(conf))
        self.assertEqual(HostLimits(), limit_options.hosts(conf))
        conf.set_override("hosts", 5, group="limits")
        conf.set_override("holdings", 6, group="limits")
        self.assertEqual(RequestLimits(hosts=5), limit_options.requests(conf))
        self.assertEqual(HostLimits(holdings=6), limit_options.hosts(conf))

    def test_each_stands_once(self) -> None:
        names = [(group, option.name) for group, option in ours()]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_the_sample_shows_how_to_authenticate(self) -> None:
        shown = {name for group, name in _names(options.list_opts()) if group == "placement"}
        self.assertLess({"auth_type", "auth_url", "username", "read_timeout"}, shown)

    def test_urls_are_secret(self) -> None:
        shown = [
            f"[{group}] {option.name}"
            for group, option in ours()
            if option.name == "connection" and not option.secret
        ]
        self.assertEqual([], shown)

    def test_names_do_not_change_under_a_running_service(self) -> None:
        fixed = {option.name for _, option in ours() if not option.mutable}
        read_once = {option.name for option in ledger_options.own_opts()}
        self.assertEqual(options.FIXED, fixed - read_once)

    def test_defaults_lie_within_bounds(self) -> None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        options.register(conf)
        for group, option in ours():
            held = conf if group == "DEFAULT" else conf[group]
            self.assertEqual(option.default, getattr(held, option.dest))
        self.assertEqual("fake", conf[compute_options.GROUP].driver)

    def test_the_bus_may_register_its_own_again(self) -> None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        options.register(conf)
        bus_options.register(conf)
        self.assertIsNone(conf.upgrade.release)


def _names(groups: list[tuple[str, list[cfg.Opt]]]) -> list[tuple[str, str]]:
    return [(group, option.dest) for group, found in groups for option in found]
