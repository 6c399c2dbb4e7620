"""The options of [placement], and the one place where they are read.

`connect` is for the composition roots: they hold the ConfigOpts and may not
know Keystone, whose own options (auth_type, auth_url, cafile, region_name,
valid_interfaces, endpoint_override and so on) stand in the same group.
"""

from __future__ import annotations

from typing import Any, Final

from keystoneauth1 import loading
from oslo_config import cfg

from understudy.ledger import api, candidates, http, inventory, tree
from understudy.ledger.ledger import Ledger
from understudy.ledger.new_names import NameBounds

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
    groups = candidates.GroupBounds(group.max_equal_groups, group.max_sharing_groups)
    return Ledger.on(adapter, timeouts, groups, _host_bounds(group))


def _host_bounds(group: Any) -> inventory.HostBounds:
    names = NameBounds(tuple(group.creatable_names), group.max_new_names, group.max_custom_names)
    sizes = tree.TreeBounds(group.max_providers, group.max_traits, group.max_resource_classes)
    return inventory.HostBounds(sizes, names)


def own_opts() -> list[cfg.Opt]:
    """Return those that Keystone has no part in: no address and no credential is among them."""
    return [*_connection_opts(), *_group_opts(), *_host_opts()]


def _connection_opts() -> list[cfg.Opt]:
    """Return those of the connection."""
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
    ]


def _group_opts() -> list[cfg.Opt]:
    """Return those that bound what one request may ask of Placement."""
    groups = candidates.GroupBounds()
    return [
        cfg.IntOpt(
            "max_equal_groups",
            default=groups.equal,
            min=1,
            max=16,
            help="Request groups that ask for the same resource class, at most, however else "
            "they differ; a request with more is refused. Placement tries every way to deal the "
            "devices of a host out to them: with 8 GPUs, 4 groups take half a second, 5 some "
            "seconds, 6 a minute and a half. Raise it where hosts have few devices of a class.",
        ),
        cfg.IntOpt(
            "max_sharing_groups",
            default=groups.sharing,
            min=1,
            max=64,
            help="Request groups that ask for a resource class that another group asks for too, "
            "all classes together, at most; a request with more is refused. The ways to deal out "
            "GPUs are tried with each way to deal out NICs: on a host with 8 of each, 3 groups "
            "and 3 groups take half a minute. Raise it where hosts have few devices, or devices "
            "of many classes.",
        ),
    ]


def _host_opts() -> list[cfg.Opt]:
    """Return those that bound what one host may bring into Placement."""
    sizes, names = tree.TreeBounds(), NameBounds()
    return [
        cfg.ListOpt(
            "creatable_names",
            default=list(names.creatable),
            help="How the names of traits and resource classes begin that hosts may create in "
            "Placement by reporting them; each begins with CUSTOM_ itself. A host that reports "
            "any other new name is refused. Name your own beginnings where hosts are not trusted "
            "with the whole cloud's names; leave it empty where an operator creates all of them.",
        ),
        cfg.IntOpt(
            "max_new_names",
            default=names.at_once,
            min=0,
            help="Traits and resource classes that one registration of a host may create, at "
            "most. Raise it where a host is refused whose many new names are wanted.",
        ),
        cfg.IntOpt(
            "max_custom_names",
            default=names.in_all,
            min=0,
            help="Traits and resource classes that begin with CUSTOM_ that Placement may have in "
            "all before hosts create no more, whoever created them. Raise it where more are in "
            "use; an operator can always create one.",
        ),
        cfg.IntOpt(
            "max_providers",
            default=sizes.providers,
            min=1,
            help="Resource providers in the tree of one host, at most; a host with more is "
            "refused. Raise it for hosts with more devices.",
        ),
        cfg.IntOpt(
            "max_traits",
            default=sizes.traits,
            min=1,
            help="Traits of one provider of a host, at most; a host with more is refused. Raise "
            "it for hosts that report more.",
        ),
        cfg.IntOpt(
            "max_resource_classes",
            default=sizes.classes,
            min=1,
            help="Resource classes in the inventory of one provider of a host, at most; a host "
            "with more is refused. Raise it for hosts that report more.",
        ),
    ]
