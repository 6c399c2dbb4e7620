from __future__ import annotations

import shlex

import testtools
from cliff import commandmanager
from keystoneauth1 import loading

from tests.unit.devstack.stack import Devstack
from understudy.cli.services import configuration
from understudy.ledger import options as ledger_options


class OptionsTest(testtools.TestCase):
    """What the plugin writes, the services read."""

    def stacked(self) -> Devstack:
        stack = self.useFixture(Devstack('UNDERSTUDY_CELLS="cell1 cell2"'))
        done = stack.stack()
        self.assertEqual(0, done.returncode, done.stderr)
        return stack

    def test_every_command_is_known_and_takes_its_arguments(self) -> None:
        commands = commandmanager.CommandManager("understudy.manage")
        called = self.stacked().calls("understudy-manage")
        self.assertEqual(5, len(called))
        for call in called:
            option, _, *command = shlex.split(call)
            self.assertEqual("--config-file", option)
            make, name, arguments = commands.find_command(command)
            # It parses without the application that it would run in.
            make(None, None, name).get_parser(name).parse_args(arguments)  # type: ignore[arg-type]

    def test_every_option_is_known_and_takes_its_value(self) -> None:
        stack = self.stacked()
        for name in [name for name in stack.files() if name.endswith(".conf")]:
            written = stack.read(name)
            conf = configuration.read("understudy", ["--config-file", str(stack.conf / name)])
            if ledger_options.GROUP in written:
                # Which options this group has, its auth_type says.
                self.assertIsNotNone(loading.load_auth_from_conf_options(conf, "placement"))
            for section, expected in written.items():
                group = conf if section == "DEFAULT" else conf[section]
                taken = {option: str(group[option]) for option in expected}
                self.assertEqual(expected, taken, f"{name}: [{section}]")
