"""The options of [placement], and the one place where they are read.

`connect` is for the composition roots: they hold the ConfigOpts and may not
know Keystone, whose own options (auth_type, auth_url, cafile, region_name,
valid_interfaces, endpoint_override and so on) stand in the same group.
"""

from __future__ import annotations

from typing import Final

from keystoneauth1 import loading
from oslo_config import cfg

from understudy.ledger import api, candidates, http
from understudy.ledger.ledger import Ledger

GROUP: Final = "placement"


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the options by group, as oslo-config-generator asks for them."""
    keystone = (
        *loading.get_auth_common_conf_options(),
        *loading.get_session_conf_options(),
        *loading.get_adapter_conf_options(include_deprecated=False),
    )
    # keystoneauth's one timeout is for connecting and reading alike: ours are two.
    return [(GROUP, [*own_opts(), *(option for option in keystone if option.dest != "timeout")])]


def sample_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return those of the plugin that most will use: Keystone registers what auth_type names."""
    return [(GROUP, loading.get_auth_plugin_conf_options("password"))]


def register(conf: cfg.ConfigOpts) -> None:
    """Make `conf` know [placement]; doing it again is harmless."""
    conf.register_opts(own_opts(), group=GROUP)
    loading.register_auth_conf_options(conf, GROUP)
    loading.register_session_conf_options(conf, GROUP)
    loading.register_adapter_conf_options(conf, GROUP, include_deprecated=False)


def connect(conf: cfg.ConfigOpts) -> Ledger:
    """Return the ledger that [placement] describes; nothing is asked of it yet.

    Raises RequiredOptError where `auth_type` is not set.
    """
    group = conf[GROUP]
    auth = loading.load_auth_from_conf_options(conf, GROUP)
    if auth is None:
        raise cfg.RequiredOptError("auth_type", cfg.OptGroup(GROUP))
    session = loading.load_session_from_conf_options(conf, GROUP)
    timeouts = api.Timeouts(group.connect_timeout, group.read_timeout)
    adapter = http.connect(
        auth,
        region_name=group.region_name,
        interfaces=group.valid_interfaces,
        endpoint_override=group.endpoint_override,
        verify=True if session.verify is None else session.verify,
        cert=session.cert,
        connections=group.connections,
        timeouts=timeouts,
    )
    return Ledger.on(adapter, timeouts, group.max_equal_groups)


def own_opts() -> list[cfg.Opt]:
    """Return those that Keystone has no part in: no address and no credential is among them."""
    return [
        cfg.FloatOpt(
            "connect_timeout",
            default=5.0,
            min=0.1,
            help="Seconds to wait for a connection to Placement. A request that was never sent "
            "is a definite failure, so a low value makes outages short for everybody.",
        ),
        cfg.FloatOpt(
            "read_timeout",
            default=30.0,
            min=1.0,
            help="Seconds to wait for Placement's answer. A claim that is not answered in time is "
            "read back, and one that cannot be is settled after twice this time. Raise it when "
            "the log shows unanswered claims of large requests, or candidates that time out.",
        ),
        cfg.IntOpt(
            "connections",
            default=32,
            min=1,
            help="Connections to Placement that are kept open. Set it to the number of threads "
            "that claim at the same time.",
        ),
        cfg.IntOpt(
            "max_equal_groups",
            default=candidates.MAX_EQUAL_GROUPS,
            min=1,
            max=16,
            help="Request groups that ask for the same thing, at most; a request with more is "
            "refused. Placement tries every order of equal devices: 4 of 8 GPUs take a fraction "
            "of a second, 8 of 8 a minute. Raise it where hosts have few equal devices.",
        ),
    ]
