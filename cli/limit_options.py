"""The options of `[limits]`: how much one request, or one host, may say.

Both levels have them, the scheduler and the super conductor for requests, the
cells' conductors for hosts, so they belong to no one folder.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from oslo_config import cfg

from understudy.objects import validation
from understudy.objects.limits import HostLimits, RequestLimits

LIMITS: Final = "limits"
_REQUEST: Final = RequestLimits()
_HOST: Final = HostLimits()


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the group with its options."""
    return [(LIMITS, [*request_options(), *host_options()])]


def request_options() -> list[cfg.Opt]:
    """Return what bounds a build request."""
    return [
        cfg.IntOpt(
            "request_bytes",
            default=_REQUEST.request_bytes,
            min=1024,
            max=16_777_216,
            help="Bytes of all texts in one request, parameters included. Each of its instances "
            "has its own copy in a database. Lower it where requests fill the database.",
        ),
        cfg.IntOpt(
            "instances",
            default=_REQUEST.instances,
            min=1,
            max=validation.MAX_COUNT,
            help="Instances that one request may ask for. Lower it where requests of many "
            "instances keep the scheduler from the others.",
        ),
        cfg.IntOpt(
            "hosts",
            default=_REQUEST.hosts,
            min=1,
            max=100_000,
            help="Hosts that a request may insist on, and as many that it may ignore. Raise it "
            "where clients choose hosts in a larger cloud by themselves.",
        ),
        cfg.IntOpt(
            "cells",
            default=_REQUEST.cells,
            min=1,
            max=10_000,
            help="Cells that a request may ignore. Raise it above the number of cells.",
        ),
        cfg.IntOpt(
            "group_hosts",
            default=_REQUEST.group_hosts,
            min=1,
            max=1_000_000,
            help="Hosts that hold members of one affinity group. Raise it where a group has more "
            "members than that.",
        ),
        cfg.IntOpt(
            "groups",
            default=_REQUEST.groups,
            min=1,
            max=256,
            help="Numbered request groups in one request. Placement takes longer with each; raise "
            "it where hosts have more devices that one instance uses.",
        ),
        cfg.IntOpt(
            "resource_classes",
            default=_REQUEST.resource_classes,
            min=1,
            max=1000,
            help="Resource classes in each group of a request. Raise it where a host has more.",
        ),
        cfg.IntOpt(
            "traits",
            default=_REQUEST.traits,
            min=1,
            max=10_000,
            help="Traits in each list of a group of a request. Lower it where Placement is slow "
            "with long lists.",
        ),
        cfg.IntOpt(
            "aggregates",
            default=_REQUEST.aggregates,
            min=1,
            max=10_000,
            help="Aggregates in each group of a request. Lower it where Placement is slow with "
            "long lists.",
        ),
        cfg.IntOpt(
            "parameters",
            default=_REQUEST.parameters,
            min=0,
            max=10_000,
            help="Parameters for the build driver in one request. Raise it where a driver takes "
            "more.",
        ),
        cfg.IntOpt(
            "parameter_bytes",
            default=_REQUEST.parameter_bytes,
            min=0,
            max=16_777_216,
            help="Bytes of all keys and values of a request's parameters. Raise it, and "
            "request_bytes with it, where user data is longer.",
        ),
    ]


def host_options() -> list[cfg.Opt]:
    """Return what bounds a registration and a heartbeat."""
    return [
        cfg.IntOpt(
            "providers",
            default=_HOST.providers,
            min=1,
            max=100_000,
            help="Providers in the tree of one host. Raise it where a host has more devices.",
        ),
        cfg.IntOpt(
            "provider_classes",
            default=_HOST.provider_classes,
            min=1,
            max=1000,
            help="Resource classes of one provider of a host. Raise it where a driver reports "
            "more; lower it to keep a host from creating many custom ones.",
        ),
        cfg.IntOpt(
            "provider_traits",
            default=_HOST.provider_traits,
            min=1,
            max=10_000,
            help="Traits of one provider of a host. Raise it where a driver reports more; lower "
            "it to keep a host from creating many custom ones.",
        ),
        cfg.IntOpt(
            "provider_aggregates",
            default=_HOST.provider_aggregates,
            min=0,
            max=10_000,
            help="Aggregates of one provider of a host. Raise it where a host is in more.",
        ),
        cfg.IntOpt(
            "holdings",
            default=_HOST.holdings,
            min=1,
            max=1_000_000,
            help="Instances that one host may say it holds when it registers, or has in hand in a "
            "heartbeat. Raise it where hosts hold more.",
        ),
        cfg.IntOpt(
            "agent_hosts",
            default=_HOST.agent_hosts,
            min=1,
            max=1_000_000,
            help="Hosts that one agent may speak for in a heartbeat. Raise it where one agent "
            "serves more.",
        ),
    ]


def requests(conf: cfg.ConfigOpts) -> RequestLimits:
    """Return the most that a request may hold."""
    group = conf[LIMITS]
    return RequestLimits(**{field.name: group[field.name] for field in fields(RequestLimits)})


def hosts(conf: cfg.ConfigOpts) -> HostLimits:
    """Return the most that a host may say of itself."""
    group = conf[LIMITS]
    return HostLimits(**{field.name: group[field.name] for field in fields(HostLimits)})
