"""The options of a bus, ours and the libraries' below us, on a ConfigOpts of the caller's own.

oslo.messaging registers some of its options as it goes, and those of its
metrics and tracing on cfg.CONF only, so that a private ConfigOpts raises
NoSuchOptError.
"""

from __future__ import annotations

import functools
from typing import Final

from oslo_config import cfg
from oslo_messaging import opts
from oslo_messaging._metrics import client as metrics
from oslo_messaging._tracing import client as tracing

from understudy.rpcapi import message_size, versions

UPGRADE: Final = "upgrade"
OVERLOAD: Final = "overload"
LIMITS: Final = "limits"

LONGEST_WAIT: Final = 5.0


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return what is ours."""
    return [
        (
            UPGRADE,
            [
                cfg.StrOpt(
                    "release",
                    choices=sorted(versions.CAPS),
                    mutable=True,
                    help="Send only what services of this release understand. Set it to the old "
                    "release before the first service of a new one starts, and take it away once "
                    "none of the old one is left.",
                )
            ],
        ),
        (
            OVERLOAD,
            [
                cfg.FloatOpt(
                    "longest_wait",
                    default=LONGEST_WAIT,
                    min=0.1,
                    # Said here as by the services, or registering it twice would fail.
                    mutable=True,
                    help="Seconds of work that may wait for a scheduler or a super conductor; who "
                    "calls while there is more is told when to ask again. Raise it where bursts "
                    "are refused that could have waited, and keep it well below the time that "
                    "clients wait for an answer; lower it for callers with less patience.",
                )
            ],
        ),
        (
            LIMITS,
            [
                cfg.IntOpt(
                    "message_bytes",
                    default=message_size.MOST,
                    min=65_536,
                    max=134_217_728,
                    mutable=True,
                    help="Bytes of one message to a service; a larger one is neither sent nor "
                    "read. Raise it, for all services of a bus and for their clients, where "
                    "request_bytes or what hosts say of themselves needs more; lower it where "
                    "memory is short.",
                )
            ],
        ),
    ]


def register(conf: cfg.ConfigOpts) -> None:
    """Make `conf` know our options and oslo.messaging's; doing it again is harmless.

    On RabbitMQ all queues are quorum queues unless the operator says otherwise,
    for 4.3 rejects the transient ones that oslo.messaging would declare.
    """
    for group, options in [*list_opts(), *_library_options()]:
        conf.register_opts(options, group=group)
    conf.register_opts(metrics.oslo_messaging_metrics, group="oslo_messaging_metrics")
    conf.register_opts(tracing.oslo_messaging_tracing, group="oslo_messaging_tracing")
    conf.set_default("control_exchange", "understudy")
    conf.set_default("rabbit_quorum_queue", True, group="oslo_messaging_rabbit")
    conf.set_default("rabbit_transient_quorum_queue", True, group="oslo_messaging_rabbit")
    # What is prefetched, no other server can take, and it does not expire.
    conf.set_default("rabbit_qos_prefetch_count", 1, group="oslo_messaging_rabbit")


@functools.cache
def _library_options() -> list[tuple[str | None, list[cfg.Opt]]]:
    """Return oslo.messaging's own, which it copies deeply, in 20 ms, each time it is asked."""
    found: list[tuple[str | None, list[cfg.Opt]]] = opts.list_opts()
    return found


def private(**rabbit: object) -> cfg.ConfigOpts:
    """Return options of nobody else's, at their defaults but for some of the driver's."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    register(conf)
    for name, value in rabbit.items():
        conf.set_override(name, value, group="oslo_messaging_rabbit")
    return conf
