"""Every option of ours, group by group, for all services and for oslo-config-generator.

Each folder describes its own options; here stand those that belong to no folder:
where the databases are, which cell this is, how many processes run.
"""

from __future__ import annotations

import socket
from typing import Final

from oslo_config import cfg

from understudy.cells.engines import Limits
from understudy.cli import limit_options
from understudy.compute import options as compute_options
from understudy.conductor import options as conductor_options
from understudy.ledger import options as ledger_options
from understudy.rpcapi import options as bus_options
from understudy.scheduler import options as scheduler_options

API_DATABASE: Final = "api_database"
CELL_DATABASE: Final = "cell_database"
CELL: Final = "cell"
METRICS: Final = "metrics"
FIXED: Final = frozenset(
    {
        "host",
        "state_path",
        "name",
        "processes",
        "consumer_type",
        "agent",
        "journal",
    }
)
"""Read once, for rows, queues and processes are called by them; all else follows SIGHUP,
because every process is forked anew."""
_LIMITS: Final = Limits()


def process_options() -> list[cfg.Opt]:
    """Return what [DEFAULT] says of a process of ours."""
    return [
        cfg.StrOpt(
            "host",
            default=socket.gethostname(),
            sample_default="controller1",
            regex=r"^[A-Za-z0-9._-]+$",
            help="The name of this machine in queues, leases and heartbeats. Change it where two "
            "schedulers or conductors of one bus run on machines of one name, or on one machine.",
        ),
        cfg.StrOpt(
            "state_path",
            default="/var/lib/understudy",
            help="The folder for what a service keeps beside its databases, such as its locks. "
            "Change it where the services' user may not write there.",
        ),
    ]


def database_options(what: str, example: str) -> list[cfg.Opt]:
    """Return the options of one database's group; `what` and `example` are for the help."""
    return [
        cfg.StrOpt(
            "connection",
            secret=True,
            sample_default=example,
            help=f"Where {what} is, as a URL of SQLAlchemy. Set it before the first start; where "
            "the password changes, write the new one and send SIGHUP.",
        ),
        cfg.IntOpt(
            "max_pool_size",
            default=_LIMITS.max_pool_size,
            min=1,
            max=1000,
            help="Connections that each process keeps open to read, and as many to write. Raise "
            "it together with the number of workers, as far as the server's own limit allows for "
            "all processes.",
        ),
        cfg.IntOpt(
            "max_overflow",
            default=_LIMITS.max_overflow,
            min=0,
            max=1000,
            help="Connections beyond max_pool_size that a process opens for a moment. Lower it "
            "when the server runs out of connections.",
        ),
        cfg.FloatOpt(
            "pool_timeout",
            default=_LIMITS.pool_timeout,
            min=0.1,
            max=600.0,
            help="Seconds to wait for one of the process's own connections. Raise it when the log "
            "shows pool timeouts under load although the server has time.",
        ),
        cfg.IntOpt(
            "connect_timeout",
            default=_LIMITS.connect_timeout,
            min=1,
            max=600,
            help="Seconds to wait for a new connection. Raise it where the server is far away or "
            "slow to accept, lower it to notice sooner that it is gone.",
        ),
        cfg.IntOpt(
            "answer_timeout",
            default=_LIMITS.answer_timeout,
            min=1,
            max=3600,
            help="Seconds to wait for the answer to one statement, after which the server counts "
            "as unreachable. Raise it where an audit or a purge of a large database needs longer; "
            "lower it to notice sooner that a server hangs. Upgrades of a schema wait for ever.",
        ),
    ]


def cell_options() -> list[cfg.Opt]:
    """Return the options of [cell]."""
    return [
        cfg.StrOpt(
            "name",
            regex=r"^[A-Za-z0-9._-]+$",
            sample_default="cell1",
            help="The cell that a cell conductor or an agent belongs to, as it was given to "
            "`understudy-manage cell create`. Never change it while the cell has instances.",
        ),
    ]


def metrics_options() -> list[cfg.Opt]:
    """Return the options of [metrics]."""
    return [
        cfg.StrOpt(
            "bind",
            default="127.0.0.1",
            help="The address on which a process shows its figures to Prometheus. Change it "
            "where they are fetched from another machine; who reaches it may read them.",
        ),
        cfg.IntOpt(
            "port",
            default=0,
            min=0,
            max=65471,
            help="The port of the first process of a unit; others take the next that is free. "
            "Set it to have figures, a different one for each service of a machine; 0 means "
            "none. The extra understudy[metrics] must be installed.",
        ),
    ]


def scheduler_processes() -> list[cfg.Opt]:
    """Return how many schedulers a unit runs."""
    return [_processes("Raise it while one process keeps a processor busy and requests wait.")]


def conductor_processes() -> list[cfg.Opt]:
    """Return how many conductors a unit runs."""
    return [_processes("Raise it while one process keeps a processor busy and messages wait.")]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every group with its options, for oslo-config-generator."""
    return [*registered(), *ledger_options.sample_opts()]


def registered() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every group with the options that `register` makes known."""
    return [*_ours(), *ledger_options.list_opts()]


def register(conf: cfg.ConfigOpts) -> None:
    """Make `conf` know all of them; doing it again is harmless."""
    for group, options in _ours():
        conf.register_opts(options, group=None if group == "DEFAULT" else group)
    ledger_options.register(conf)


def _ours() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every group but Placement's, which Keystone has a say in."""
    api = "mysql+pymysql://understudy:secret@db.example.org/understudy_api"
    cell = "mysql+pymysql://understudy:secret@db.cell1.example.org/understudy_cell"
    found = [
        ("DEFAULT", process_options()),
        (API_DATABASE, database_options("the API database", api)),
        (CELL, cell_options()),
        (CELL_DATABASE, database_options("the cell's database", cell)),
        (METRICS, metrics_options()),
        *bus_options.list_opts(),
        *scheduler_options.list_opts(),
        (scheduler_options.SCHEDULER, scheduler_processes()),
        *conductor_options.list_opts(),
        (conductor_options.CONDUCTOR, conductor_processes()),
        *compute_options.list_opts(),
        *limit_options.list_opts(),
    ]
    for _, group_options in found:
        for option in group_options:
            option.mutable = option.name not in FIXED
    return found


def limits(conf: cfg.ConfigOpts, group: str) -> Limits:
    """Return how a database of this group is connected to."""
    ours = conf[group]
    return Limits(
        max_pool_size=ours.max_pool_size,
        max_overflow=ours.max_overflow,
        pool_timeout=ours.pool_timeout,
        connect_timeout=ours.connect_timeout,
        answer_timeout=ours.answer_timeout,
    )


def _processes(when: str) -> cfg.Opt:
    return cfg.IntOpt(
        "processes",
        default=1,
        min=1,
        max=256,
        help=f"Processes of this service that one unit runs, each with all of its workers. {when}",
    )
