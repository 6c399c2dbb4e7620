"""The first tables of a cell's database.

The types are written out: a revision says what was, whatever `cells.columns`
becomes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "r0001"
down_revision = None


def text(length: int) -> sa.types.TypeEngine[str]:
    binary = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return (
        sa.String(length)
        .with_variant(binary, "mysql", "mariadb")
        .with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
    )


UUID = text(36)
NAME = text(255)
WORD = text(32)
LONG = sa.Text().with_variant(
    mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS: sa.Double[float] = sa.Double()


def upgrade() -> None:
    create_requests_and_instances()
    create_what_hangs_on_instances()
    create_hosts_and_services()
    create_outbox()


def create_requests_and_instances() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", UUID, nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_requests"),
        mysql_engine="InnoDB",
    )
    op.create_table(
        "instances",
        sa.Column("uuid", UUID, nullable=False),
        sa.Column("request_id", UUID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("consumer_type", NAME, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attempts_left", sa.Integer(), nullable=False),
        sa.Column("cells_left", sa.Integer(), nullable=False),
        sa.Column("service_host", NAME),
        sa.Column("selection", LONG),
        sa.Column("alternates", LONG, nullable=False),
        sa.Column("alternates_left", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer()),
        sa.Column("group_uuid", UUID),
        sa.Column("group_policy", WORD),
        sa.Column("fault", LONG),
        sa.Column("deadline", SECONDS, nullable=False),
        sa.Column("lease_owner", NAME),
        sa.Column("lease_until", SECONDS, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("updated_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("uuid", name="pk_instances"),
        mysql_engine="InnoDB",
    )
    for columns in (
        ["state", "updated_at"],
        ["service_host", "state"],
        ["request_id"],
        ["group_uuid"],
        ["created_at", "uuid"],
    ):
        op.create_index("_".join(["ix_instances", *columns]), "instances", columns)


def create_what_hangs_on_instances() -> None:
    op.create_table(
        "attempts",
        sa.Column("instance_uuid", UUID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("service_host", NAME, nullable=False),
        sa.Column("selection", LONG, nullable=False),
        sa.Column("fault", LONG),
        sa.Column("cleaned", sa.Boolean(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("started_at", SECONDS, nullable=False),
        sa.Column("cast_at", SECONDS),
        sa.Column("ended_at", SECONDS),
        sa.PrimaryKeyConstraint("instance_uuid", "number", "position", name="pk_attempts"),
        sa.ForeignKeyConstraint(
            ["instance_uuid"], ["instances.uuid"], name="fk_attempts_instance_uuid"
        ),
        mysql_engine="InnoDB",
    )
    op.create_index("ix_attempts_ended_at", "attempts", ["ended_at"])
    op.create_table(
        "group_members",
        sa.Column("instance_uuid", UUID, nullable=False),
        sa.Column("group_uuid", UUID, nullable=False),
        sa.Column("service_host", NAME, nullable=False),
        sa.PrimaryKeyConstraint("instance_uuid", name="pk_group_members"),
        sa.ForeignKeyConstraint(
            ["instance_uuid"], ["instances.uuid"], name="fk_group_members_instance_uuid"
        ),
        sa.UniqueConstraint("group_uuid", "service_host", name="uq_group_members_group_host"),
        mysql_engine="InnoDB",
    )


def create_hosts_and_services() -> None:
    op.create_table(
        "hosts",
        sa.Column("name", NAME, nullable=False),
        sa.Column("nodename", NAME, nullable=False),
        sa.Column("compute_node_uuid", UUID, nullable=False),
        sa.Column("agent", NAME, nullable=False),
        sa.Column("availability_zone", NAME),
        sa.Column("failure_domain", NAME),
        sa.Column("providers", LONG, nullable=False),
        sa.Column("admin_state", WORD, nullable=False),
        sa.Column("reason", LONG),
        sa.Column("down", sa.Boolean(), nullable=False),
        sa.Column("schedulable", sa.Boolean(), nullable=False),
        sa.Column("seen_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hosts"),
        sa.UniqueConstraint("compute_node_uuid", name="uq_hosts_compute_node_uuid"),
        mysql_engine="InnoDB",
    )
    op.create_index("ix_hosts_agent", "hosts", ["agent"])
    op.create_table(
        "services",
        sa.Column("binary", WORD, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("seen_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("binary", "name", name="pk_services"),
        mysql_engine="InnoDB",
    )


def create_outbox() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("instance_uuid", UUID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.Column("cell_name", NAME),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint(
            "instance_uuid", "sequence", name="uq_notifications_instance_uuid_sequence"
        ),
        mysql_engine="InnoDB",
    )
    op.create_table(
        "turns",
        sa.Column("name", WORD, nullable=False),
        sa.Column("lease_owner", NAME),
        sa.Column("lease_until", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_turns"),
        mysql_engine="InnoDB",
    )
