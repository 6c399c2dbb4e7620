"""The first tables of the API database.

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
    create_tables()
    create_outbox()


def create_tables() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", UUID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("answer", LONG),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("deadline", SECONDS, nullable=False),
        sa.Column("lease_owner", NAME),
        sa.Column("lease_until", SECONDS, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("updated_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_requests"),
        mysql_engine="InnoDB",
    )
    op.create_index("ix_requests_state_created_at", "requests", ["state", "created_at"])
    op.create_table(
        "cells",
        sa.Column("uuid", UUID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("transport_url", LONG, nullable=False),
        sa.Column("database_url", LONG, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name="pk_cells"),
        sa.UniqueConstraint("name", name="uq_cells_name"),
        mysql_engine="InnoDB",
    )
    op.create_table(
        "instance_mappings",
        sa.Column("instance_uuid", UUID, nullable=False),
        sa.Column("request_id", UUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cell_uuid", UUID),
        sa.Column("pick", LONG),
        sa.Column("fault", LONG),
        sa.Column("lease_owner", NAME),
        sa.Column("lease_until", SECONDS, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("updated_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("instance_uuid", name="pk_instance_mappings"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name="fk_instance_mappings_request_id"
        ),
        mysql_engine="InnoDB",
    )
    for columns in (
        ["request_id", "position"],
        ["state", "updated_at"],
        ["cell_uuid", "created_at"],
    ):
        name = "_".join(["ix_instance_mappings", *columns])
        op.create_index(name, "instance_mappings", columns)
    op.create_table(
        "host_mappings",
        sa.Column("host", NAME, nullable=False),
        sa.Column("nodename", NAME, nullable=False),
        sa.Column("compute_node_uuid", UUID, nullable=False),
        sa.Column("cell_uuid", UUID, nullable=False),
        sa.Column("availability_zone", NAME),
        sa.Column("failure_domain", NAME),
        sa.Column("recent_faults", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_host_mappings"),
        sa.ForeignKeyConstraint(["cell_uuid"], ["cells.uuid"], name="fk_host_mappings_cell_uuid"),
        sa.UniqueConstraint("compute_node_uuid", name="uq_host_mappings_compute_node_uuid"),
        mysql_engine="InnoDB",
    )
    op.create_index("ix_host_mappings_cell_uuid", "host_mappings", ["cell_uuid"])
    op.create_table(
        "revisions",
        sa.Column("name", WORD, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_revisions"),
        mysql_engine="InnoDB",
    )
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
