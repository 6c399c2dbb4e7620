"""The scheduler's options, and how they become values.

Read once, by the composition root; nothing here registers anything. How often a
build is tried is none of the scheduler's business, so there is no option for it.
"""

from __future__ import annotations

from oslo_config import cfg, types

from understudy.scheduler.selector import Limits
from understudy.scheduler.settings import Settings

SCHEDULER = "scheduler"
_DEFAULT = Settings()


def scheduler_options() -> list[cfg.Opt]:
    """Return the options of the group [scheduler]."""
    return [*_choice_options(), *_service_options()]


def _choice_options() -> list[cfg.Opt]:
    return [
        cfg.ListOpt(
            "filters",
            default=list(_DEFAULT.filters),
            help="Names of filters of your own, in the order in which they are asked. Those that "
            "do what a request says (hosts, cells and zone to use or ignore, affinity) always "
            "run and need not be named. Add one to keep builds off hosts that Placement's "
            "traits cannot tell apart.",
        ),
        cfg.Opt(
            "weighers",
            type=types.Dict(value_type=types.Float()),
            default=dict(_DEFAULT.weighers),
            help="Weighers and their multipliers, as in free:1.0,shuffle:0.01. 0 turns one off, a "
            "negative number turns it round. Set free below 0 to fill host after host instead "
            "of spreading; raise reliable when broken hosts are given many builds, and shuffle "
            "when many schedulers lose claims to each other.",
        ),
        cfg.FloatOpt(
            "failure_domain_multiplier",
            default=_DEFAULT.limits.domain_multiplier,
            min=0.0,
            help="How much weight a failure domain loses with each instance of one request that "
            "it is given. Lower it when large requests leave good hosts aside, 0 to let weights "
            "alone decide.",
        ),
        cfg.IntOpt(
            "candidates",
            default=_DEFAULT.limits.candidates,
            min=1,
            help="Allocation candidates asked of Placement at first; eight times more, twice, if "
            "the filters leave too few hosts of them. Raise it when the log says often that too "
            "few hosts were left, lower it when Placement is slow to answer.",
        ),
    ]


def _service_options() -> list[cfg.Opt]:
    return [
        cfg.ListOpt(
            "callers",
            default=list(_DEFAULT.callers),
            help="Users of the API level's message bus whom the scheduler answers; the broker "
            "says as whom a message was sent. Unless it is set, that is the user in its own "
            "transport_url alone, which super conductors share. Set it to name them where "
            "they have a user of their own; add the users of services that call the scheduler "
            "by themselves, for whoever is answered can have claims written, and moved, in any "
            "project.",
        ),
        cfg.ListOpt(
            "consumer_types",
            default=list(_DEFAULT.consumer_types),
            help="Consumer types that may be claimed under. Unless it is set, that is [conductor] "
            "consumer_type alone. Add those of services that call the scheduler by themselves, "
            "and keep [conductor] consumer_type the first.",
        ),
        cfg.FloatOpt(
            "answer_within",
            default=_DEFAULT.limits.seconds,
            min=1.0,
            help="Seconds after which nothing more is claimed for a request, because its caller "
            "waits no longer. Keep it below half of the conductor's lease.",
        ),
        cfg.FloatOpt(
            "hosts_max_age",
            default=_DEFAULT.hosts_max_age,
            min=0.0,
            help="Seconds for which it is remembered which host is in which cell. Lower it when "
            "disabled cells are used for too long, raise it when reading them weighs on the "
            "API database.",
        ),
        cfg.IntOpt(
            "workers",
            default=_DEFAULT.workers,
            min=1,
            help="Requests handled at a time by one process. Raise it while Placement and the "
            "processors are idle and messages wait in the broker.",
        ),
        cfg.FloatOpt(
            "beat_interval",
            default=_DEFAULT.beat_interval,
            min=0.1,
            help="Seconds between two heartbeats. Keep it well below [conductor] "
            "service_down_time.",
        ),
    ]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every group with its options, for oslo-config-generator."""
    return [(SCHEDULER, scheduler_options())]


def settings(conf: cfg.ConfigOpts) -> Settings:
    """Return the settings that the registered options say."""
    group = conf[SCHEDULER]
    return Settings(
        filters=tuple(group.filters),
        weighers=dict(group.weighers),
        limits=Limits(
            candidates=group.candidates,
            seconds=group.answer_within,
            domain_multiplier=group.failure_domain_multiplier,
        ),
        hosts_max_age=group.hosts_max_age,
        workers=group.workers,
        beat_interval=group.beat_interval,
        callers=tuple(group.callers),
        consumer_types=tuple(group.consumer_types),
    )
