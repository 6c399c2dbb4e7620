"""The tables of a cell's database: instances, their attempts, and the hosts they run on."""

from __future__ import annotations

import sqlalchemy as sa

from understudy.cells import columns
from understudy.cells.columns import LONG, NAME, SECONDS, UUID, WORD, optional, required

metadata = sa.MetaData(naming_convention=columns.NAMING)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("request_id", UUID, primary_key=True),
    required("body", LONG),
    required("created_at", SECONDS),
    mysql_engine="InnoDB",
)

instances = sa.Table(
    "instances",
    metadata,
    sa.Column("uuid", UUID, primary_key=True),
    # No foreign key: a tombstone may come before its request.
    required("request_id", UUID),
    required("name", NAME),
    required("project_id", NAME),
    required("user_id", NAME),
    required("consumer_type", NAME),
    required("state", WORD),
    # The current attempt's row in `attempts` is (uuid, attempt, position); a delete raises the
    # number without a row.
    required("attempt", sa.Integer()),
    required("position", sa.Integer()),
    required("attempts_left", sa.Integer()),
    required("cells_left", sa.Integer()),
    # The host of `selection`, to be searched for.
    optional("service_host", NAME),
    optional("selection", LONG),
    required("alternates", LONG),
    required("alternates_left", sa.Integer()),
    optional("generation", sa.Integer()),
    optional("group_uuid", UUID),
    optional("group_policy", WORD),
    optional("fault", LONG),
    required("deadline", SECONDS),
    *columns.lease(),
    *columns.written(),
    sa.Index("ix_instances_state_updated_at", "state", "updated_at"),
    sa.Index("ix_instances_service_host_state", "service_host", "state"),
    sa.Index("ix_instances_request_id", "request_id"),
    sa.Index("ix_instances_group_uuid", "group_uuid"),
    sa.Index("ix_instances_created_at_uuid", "created_at", "uuid"),
    mysql_engine="InnoDB",
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column(
        "instance_uuid",
        UUID,
        sa.ForeignKey("instances.uuid", name="fk_attempts_instance_uuid"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    # Which target of this number, from 0: those before it lost their claim.
    sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
    required("state", WORD),
    required("service_host", NAME),
    required("selection", LONG),
    optional("fault", LONG),
    required("cleaned", sa.Boolean()),
    required("missed", sa.Integer()),
    required("started_at", SECONDS),
    optional("cast_at", SECONDS),
    optional("ended_at", SECONDS),
    sa.Index("ix_attempts_ended_at", "ended_at"),
    mysql_engine="InnoDB",
)

group_members = sa.Table(
    "group_members",
    metadata,
    sa.Column(
        "instance_uuid",
        UUID,
        sa.ForeignKey("instances.uuid", name="fk_group_members_instance_uuid"),
        primary_key=True,
    ),
    required("group_uuid", UUID),
    required("service_host", NAME),
    sa.UniqueConstraint("group_uuid", "service_host", name="uq_group_members_group_host"),
    mysql_engine="InnoDB",
)

hosts = sa.Table(
    "hosts",
    metadata,
    sa.Column("name", NAME, primary_key=True),
    required("nodename", NAME),
    required("compute_node_uuid", UUID),
    required("agent", NAME),
    optional("availability_zone", NAME),
    optional("failure_domain", NAME),
    required("providers", LONG),
    required("admin_state", WORD),
    optional("reason", LONG),
    required("down", sa.Boolean()),
    required("schedulable", sa.Boolean()),
    required("seen_at", SECONDS),
    # Who may speak for it: NULL until an agent that says so has registered it.
    optional("agent_uuid", UUID),
    optional("bus_user", NAME),
    optional("origin", NAME),
    # JSON list of the uuids of all providers that were ever taken as the host's.
    optional("recorded", LONG),
    sa.UniqueConstraint("compute_node_uuid", name="uq_hosts_compute_node_uuid"),
    sa.Index("ix_hosts_agent", "agent"),
    mysql_engine="InnoDB",
)

refused_hosts = sa.Table(
    "refused_hosts",
    metadata,
    # A host's own uuid, and who spoke for it ("": not known).
    sa.Column("uuid", UUID, primary_key=True),
    sa.Column("agent_uuid", UUID, primary_key=True),
    sa.Column("bus_user", NAME, primary_key=True),
    required("name", NAME),
    required("agent", NAME),
    required("why", WORD),
    required("detail", LONG),
    required("remedy", LONG),
    # JSON list of the uuids of its providers.
    required("providers", LONG),
    # What the operator said to it: "" or the `why` that is to be let pass.
    required("approved", WORD),
    required("seen_at", SECONDS),
    sa.Index("ix_refused_hosts_name", "name"),
    sa.Index("ix_refused_hosts_seen_at", "seen_at"),
    mysql_engine="InnoDB",
)

services = columns.services(metadata)
notifications = columns.notifications(metadata)
turns = columns.turns(metadata)
