"""The conductor's options, and how they become values.

Read once, by the composition root; nothing here registers anything.
"""

from __future__ import annotations

from oslo_config import cfg

from understudy.conductor.bounds import RetryBounds
from understudy.conductor.host_gate import Trust
from understudy.conductor.timing import Timing

RETRIES = "retries"
CONDUCTOR = "conductor"
NOTIFICATIONS = "notifications"


def retry_options() -> list[cfg.Opt]:
    """Return the options of the group [retries]."""
    return [
        cfg.IntOpt(
            "max_attempts",
            default=3,
            min=1,
            max=32,
            help="Hosts tried per instance in one cell, the first one included. Raise it when "
            "builds end in ERROR with attempts-exhausted while hosts are free.",
        ),
        cfg.IntOpt(
            "spare_alternates",
            default=1,
            min=0,
            max=8,
            help="Alternates asked for beyond one per further attempt: a claim that another "
            "request won meanwhile spends one without an attempt. Raise it when builds end "
            "with alternates-exhausted on a busy cloud.",
        ),
        cfg.IntOpt(
            "max_cells",
            default=1,
            min=1,
            max=8,
            help="Cells tried per instance. Raise it when a whole cell can fail builds, for "
            "instance because of its storage, while another one would take them.",
        ),
        cfg.IntOpt(
            "deadline",
            default=600,
            min=1,
            help="Seconds after which a build that is not ACTIVE ends in ERROR. Raise it above "
            "max_attempts times what the slowest build takes.",
        ),
        cfg.IntOpt(
            "highest_max_attempts",
            default=32,
            min=1,
            help="The most attempts that a request may ask for. Lower it when requests that "
            "nothing can build keep hosts busy.",
        ),
        cfg.IntOpt(
            "highest_spare_alternates",
            default=8,
            min=0,
            help="The most spare alternates that a request may ask for. Raise it where clients "
            "know that they compete for the same hosts.",
        ),
        cfg.IntOpt(
            "highest_max_cells",
            default=8,
            min=1,
            help="The most cells that a request may ask for. Lower it to 1 to keep every build in "
            "the cell that it was given first.",
        ),
        cfg.IntOpt(
            "longest_deadline",
            default=86400,
            min=1,
            help="The longest deadline, in seconds, that a request may ask for. Raise it where "
            "builds take longer, as those of bare metal do.",
        ),
    ]


def conductor_options() -> list[cfg.Opt]:
    """Return the options of the group [conductor]."""
    return [
        cfg.StrOpt(
            "consumer_type",
            default="UNDERSTUDY",
            regex="^[A-Z0-9_]+$",
            help="The consumer type that every claim carries in Placement. Change it when two "
            "installations share a Placement; never while claims exist.",
        ),
        cfg.BoolOpt(
            "approve_new_hosts",
            default=False,
            help="Whether a cell takes in hosts that it has never seen, as soon as they register. "
            "Else each waits until an operator lets it in, with `understudy-manage host "
            "approve`. Turn it on where whoever can reach the cell's broker may add hosts, as in "
            "a test cloud. A cell conductor's only.",
        ),
        cfg.ListOpt(
            "trusted_users",
            default=[],
            help="Users of the cell's broker, beside the conductor's own, as whom super "
            "conductors reach this cell: who may enable, disable and drain its hosts. Set it "
            "where the URL that `understudy-manage cell create` was given names another user "
            "than the cell conductor's own. A cell conductor's only.",
        ),
        cfg.IntOpt(
            "workers",
            default=8,
            min=1,
            help="Calls handled at a time. Raise it while the processors are idle and messages "
            "wait in the broker.",
        ),
        cfg.IntOpt(
            "most_waiting",
            default=1000,
            min=1,
            help="Instances, of all super conductors together, that may wait for a host; who asks "
            "for a build meanwhile is told when to ask again. Lower it where accepted builds "
            "reach their deadline before they have a host, raise it where bursts are refused "
            "that could have waited. The super conductor's only.",
        ),
        cfg.FloatOpt(
            "lease",
            default=50.0,
            min=1.0,
            help="Seconds after which another conductor takes over what this one was busy with. "
            "Keep it above twice the longest selection.",
        ),
        cfg.FloatOpt(
            "sweep_interval",
            default=2.0,
            min=0.05,
            help="Seconds between two looks for what was left behind. Raise it when these reads "
            "weigh on the database.",
        ),
        cfg.FloatOpt(
            "retry_interval",
            default=2.0,
            min=0.05,
            help="Seconds before a row is tried again that waits for a service or a host. Raise "
            "it when a service that comes back is overrun.",
        ),
        cfg.FloatOpt(
            "settle_time",
            default=60.0,
            min=0.05,
            help="Seconds after which a claim whose answer was lost is looked for once more, "
            "where its instance has ended. Keep it at twice the time that Placement is given.",
        ),
        cfg.FloatOpt(
            "beat_interval",
            default=5.0,
            min=0.1,
            help="Seconds between two heartbeats of a conductor. Keep it below a third of "
            "service_down_time.",
        ),
        cfg.FloatOpt(
            "host_down_time",
            default=30.0,
            min=0.5,
            help="Seconds of silence after which a host is down and its builds go to their "
            "alternates. Keep it above three heartbeats of the hosts.",
        ),
        cfg.FloatOpt(
            "service_down_time",
            default=60.0,
            min=0.5,
            help="Seconds of silence after which a service is listed as dead. Raise it when "
            "services are listed so that only are slow.",
        ),
        cfg.FloatOpt(
            "fault_memory",
            default=600.0,
            min=0.0,
            help="Seconds for which a fault that blames its host makes the scheduler prefer "
            "others. Raise it when broken hosts are given builds again before they are mended.",
        ),
    ]


def notification_options() -> list[cfg.Opt]:
    """Return the options of the group [notifications]."""
    return [
        cfg.BoolOpt(
            "enabled",
            default=False,
            help="Whether what becomes of instances is published for others to hear. Say the "
            "same to all conductors, the super conductors and those of the cells. Turn it on "
            "when something listens: the broker keeps what nobody fetches.",
        ),
        cfg.StrOpt(
            "transport_url",
            secret=True,
            sample_default="rabbit://user:password@host:5672/vhost",
            help="The broker that notifications go to. Unless it is set, each conductor "
            "publishes on its own bus: a super conductor on the API level's, a cell's "
            "conductor on its cell's. Set it when listeners are to look at one place.",
        ),
        cfg.ListOpt(
            "topics",
            default=["understudy_notifications"],
            help="The topics that every notification is published under, in the exchange "
            "understudy_notifications. Add one for each consumer that must get all of them.",
        ),
        cfg.FloatOpt(
            "interval",
            default=1.0,
            min=0.05,
            help="Seconds between two looks for what is to be published. Lower it when "
            "consumers must hear sooner; each look is one short read.",
        ),
    ]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every group with its options, for oslo-config-generator."""
    return [
        (RETRIES, retry_options()),
        (CONDUCTOR, conductor_options()),
        (NOTIFICATIONS, notification_options()),
    ]


def bounds(conf: cfg.ConfigOpts) -> RetryBounds:
    """Return the bounds that the registered options say."""
    retries = conf[RETRIES]
    return RetryBounds(
        max_attempts=retries.max_attempts,
        highest_max_attempts=retries.highest_max_attempts,
        spare_alternates=retries.spare_alternates,
        highest_spare_alternates=retries.highest_spare_alternates,
        max_cells=retries.max_cells,
        highest_max_cells=retries.highest_max_cells,
        deadline=retries.deadline,
        longest_deadline=retries.longest_deadline,
        consumer_type=conf[CONDUCTOR].consumer_type,
    )


def trust(conf: cfg.ConfigOpts) -> Trust:
    """Return whom a cell is to believe, as the registered options say."""
    conductor = conf[CONDUCTOR]
    return Trust(frozenset(conductor.trusted_users), conductor.approve_new_hosts)


def timing(conf: cfg.ConfigOpts) -> Timing:
    """Return the times that the registered options say."""
    conductor = conf[CONDUCTOR]
    return Timing(
        lease=conductor.lease,
        sweep=conductor.sweep_interval,
        retry=conductor.retry_interval,
        settle=conductor.settle_time,
        beat=conductor.beat_interval,
        host_down_time=conductor.host_down_time,
        service_down_time=conductor.service_down_time,
        fault_memory=conductor.fault_memory,
        publish=conf[NOTIFICATIONS].interval,
    )
