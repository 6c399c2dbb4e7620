"""The options of the compute agent, under [compute]."""

from __future__ import annotations

import socket
from typing import Final

from oslo_config import cfg

from understudy.compute.backoff import Backoff
from understudy.compute.settings import Settings

GROUP: Final = "compute"


def identity_options() -> list[cfg.Opt]:
    """Return what says which agent this is, and what it builds with."""
    return [
        cfg.StrOpt(
            "agent",
            default=socket.gethostname(),
            sample_default="node1.example.org",
            help="The name that this agent listens under, unique in its cell. Change it where "
            "several agents run on one machine. A host that is named like its agent builds "
            "nothing under a new name until its cell has taken that.",
        ),
        cfg.StrOpt(
            "driver",
            default="fake",
            help="What builds, by its name under the entry points understudy.compute.drivers. "
            "`fake` builds nothing: use it to try a cloud out. `libvirt` makes virtual "
            "machines and is an extra to install; `microvm` makes small ones with qemu alone.",
        ),
        cfg.StrOpt(
            "driver_file",
            help="The file that the driver reads its own settings from. For `fake` it describes "
            "hosts and faults in YAML, and without it there is one small host; for `libvirt`, the "
            "hypervisor; for `microvm`, where machines and images are. Set it for every driver "
            "that needs to know what it builds on.",
        ),
        cfg.StrOpt(
            "journal",
            default="/var/lib/understudy/compute.sqlite3",
            help="The file where the agent keeps what it has in hand until its conductor has "
            "answered. Put it on a disk that outlives a restart, never on tmpfs; each agent on "
            "a machine needs one of its own. Beside it, with the ending .identity, lies who the "
            "agent is: move both together, and copy neither to another machine.",
        ),
    ]


def work_options() -> list[cfg.Opt]:
    """Return how much is done at a time, and how long things take."""
    return [
        cfg.IntOpt(
            "build_workers",
            default=8,
            min=1,
            max=1024,
            help="Builds that run at a time, on all hosts of the agent. Raise it when builds "
            "wait although their host is idle; lower it when they slow each other down.",
        ),
        cfg.IntOpt(
            "call_workers",
            default=8,
            min=1,
            max=1024,
            help="Outcomes told and teardowns run at a time. Raise it when one agent serves "
            "hundreds of hosts.",
        ),
        cfg.FloatOpt(
            "heartbeat_seconds",
            default=10.0,
            min=0.1,
            max=3600.0,
            help="Seconds between heartbeats. Keep it below a third of the conductor's "
            "host_down_time, and raise both on large cells.",
        ),
        cfg.FloatOpt(
            "answer_seconds",
            default=20.0,
            min=1.0,
            max=600.0,
            help="Seconds to wait for the conductor to answer before asking it again. Raise it "
            "when the log shows that Placement takes longer than this.",
        ),
        cfg.FloatOpt(
            "stop_grace_seconds",
            default=30.0,
            min=0.0,
            max=3600.0,
            help="Seconds that builds in progress may go on after the agent was told to stop; "
            "what does not end in time is built anew at the next start. Raise it to the time "
            "that a build usually takes.",
        ),
    ]


def retry_options() -> list[cfg.Opt]:
    """Return how long to wait before something is tried again."""
    return [
        cfg.FloatOpt(
            "first_retry_seconds",
            default=0.5,
            min=0.01,
            max=60.0,
            help="Seconds before what did not work is tried again, doubled each time. Raise it "
            "when a conductor that comes back is overrun.",
        ),
        cfg.FloatOpt(
            "longest_retry_seconds",
            default=30.0,
            min=0.01,
            max=3600.0,
            help="The most seconds between two tries. Lower it when builds must go on sooner "
            "after a conductor came back.",
        ),
    ]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return all options by group, for oslo-config-generator."""
    return [(GROUP, [*identity_options(), *work_options(), *retry_options()])]


def register(conf: cfg.ConfigOpts) -> None:
    """Make `conf` know the options; doing it again is harmless."""
    for group, options in list_opts():
        conf.register_opts(options, group=group)


def settings(conf: cfg.ConfigOpts) -> Settings:
    """Return what `conf` says, as plain values."""
    ours = conf[GROUP]
    return Settings(
        build_workers=ours.build_workers,
        call_workers=ours.call_workers,
        heartbeat_seconds=ours.heartbeat_seconds,
        answer_seconds=ours.answer_seconds,
        stop_grace_seconds=ours.stop_grace_seconds,
        backoff=Backoff(ours.first_retry_seconds, ours.longest_retry_seconds),
    )
