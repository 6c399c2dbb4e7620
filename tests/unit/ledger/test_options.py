"""[placement] describes a connection; reading it asks nobody anything."""

from __future__ import annotations

import pathlib

import fixtures
import testtools
from keystoneauth1 import loading
from oslo_config import cfg

from understudy.ledger import errors, options

CONFIG = """
[placement]
auth_type = none
endpoint_override = http://127.0.0.1:1/placement
max_equal_groups = 2
connect_timeout = 0.5
"""


class OptionsTest(testtools.TestCase):
    def configured(self, text: str) -> cfg.ConfigOpts:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / "understudy.conf"
        path.write_text(text, encoding="utf-8")
        conf = cfg.ConfigOpts()
        options.register(conf)
        options.register(conf)
        conf([], default_config_files=[str(path)], default_config_dirs=[])
        return conf

    def test_a_ledger_that_nobody_serves_is_unavailable(self) -> None:
        ledger = options.connect(self.configured(CONFIG))
        self.assertRaises(errors.LedgerUnavailable, ledger.claims.read_back, "x")

    def test_how_to_authenticate_has_to_be_said(self) -> None:
        self.assertRaises(cfg.RequiredOptError, options.connect, self.configured(""))

    def test_every_plugin_of_keystoneauth_loads_by_its_name(self) -> None:
        # From a file it takes its list of methods letter by letter: a fault of keystoneauth's.
        names = set(loading.get_available_plugin_names()) - {"v3multifactor"}
        self.assertIn("v3applicationcredential", names)
        for name in names:
            known = loading.get_auth_plugin_conf_options(name)
            lines = [f"{option.dest} = 1" for option in known]
            text = "\n".join(["[placement]", f"auth_type = {name}", *lines, ""])
            self.assertIsNotNone(options.connect(self.configured(text)), name)

    def test_every_option_is_listed_once_and_says_what_it_is_for(self) -> None:
        [(group, listed)] = options.list_opts()
        self.assertEqual("placement", group)
        names = [option.dest for option in listed]
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertEqual([], [option.dest for option in listed if not option.help])

    def test_what_is_listed_is_registered(self) -> None:
        conf = self.configured(CONFIG)
        [(_, listed)] = options.list_opts()
        for option in listed:
            self.assertIn(option.dest, conf.placement)
