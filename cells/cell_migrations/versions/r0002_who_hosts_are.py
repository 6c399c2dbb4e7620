"""Who may speak for a host, which providers are its own, and hosts that were not taken.

What a host of the first release was recorded with is its own.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

from understudy.cells import online

revision = "r0002"
down_revision = "r0001"


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
SECONDS: sa.Double[float] = sa.Double()


def upgrade() -> None:
    for name, kind in (
        ("agent_uuid", UUID),
        ("bus_user", NAME),
        ("origin", NAME),
        ("recorded", LONG),
    ):
        online.add_column("hosts", sa.Column(name, kind, nullable=True))
    if not sa.inspect(op.get_bind()).has_table("refused_hosts"):
        create_refused_hosts()


def create_refused_hosts() -> None:
    op.create_table(
        "refused_hosts",
        sa.Column("uuid", UUID, nullable=False),
        sa.Column("agent_uuid", UUID, nullable=False),
        sa.Column("bus_user", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("agent", NAME, nullable=False),
        sa.Column("why", WORD, nullable=False),
        sa.Column("detail", LONG, nullable=False),
        sa.Column("remedy", LONG, nullable=False),
        sa.Column("providers", LONG, nullable=False),
        sa.Column("approved", WORD, nullable=False),
        sa.Column("seen_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("uuid", "agent_uuid", "bus_user", name="pk_refused_hosts"),
        sa.Index("ix_refused_hosts_name", "name"),
        sa.Index("ix_refused_hosts_seen_at", "seen_at"),
        mysql_engine="InnoDB",
    )
