"""The tables of the API database: requests, where instances are, cells and their hosts."""

from __future__ import annotations

import sqlalchemy as sa

from understudy.cells import columns
from understudy.cells.columns import LONG, NAME, SECONDS, UUID, WORD, optional, required

metadata = sa.MetaData(naming_convention=columns.NAMING)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("request_id", UUID, primary_key=True),
    # SHA-256 of what the body says: is the same id used for the same request?
    required("digest", sa.String(64)),
    required("body", LONG),
    required("state", WORD),
    # JSON text of a SelectionAnswer.
    optional("answer", LONG),
    required("project_id", NAME),
    required("user_id", NAME),
    required("deadline", SECONDS),
    *columns.lease(),
    *columns.written(),
    sa.Index("ix_requests_state_created_at", "state", "created_at"),
    mysql_engine="InnoDB",
)

cells = sa.Table(
    "cells",
    metadata,
    sa.Column("uuid", UUID, primary_key=True),
    required("name", NAME),
    required("transport_url", LONG),
    required("database_url", LONG),
    required("enabled", sa.Boolean()),
    sa.UniqueConstraint("name", name="uq_cells_name"),
    mysql_engine="InnoDB",
)

instance_mappings = sa.Table(
    "instance_mappings",
    metadata,
    sa.Column("instance_uuid", UUID, primary_key=True),
    required(
        "request_id",
        UUID,
        sa.ForeignKey("requests.request_id", name="fk_instance_mappings_request_id"),
    ),
    # Its place among the instances of the request, from 0.
    required("position", sa.Integer()),
    required("name", NAME),
    required("project_id", NAME),
    required("user_id", NAME),
    required("state", WORD),
    required("attempt", sa.Integer()),
    # No foreign key: a cell may go while its deleted instances are remembered.
    optional("cell_uuid", UUID),
    # JSON text of the SelectionAnswer that hands it over.
    optional("pick", LONG),
    optional("fault", LONG),
    *columns.lease(),
    *columns.written(),
    sa.Index("ix_instance_mappings_request_id_position", "request_id", "position"),
    sa.Index("ix_instance_mappings_state_updated_at", "state", "updated_at"),
    sa.Index("ix_instance_mappings_cell_uuid_created_at", "cell_uuid", "created_at"),
    mysql_engine="InnoDB",
)

host_mappings = sa.Table(
    "host_mappings",
    metadata,
    sa.Column("host", NAME, primary_key=True),
    required("nodename", NAME),
    required("compute_node_uuid", UUID),
    required("cell_uuid", UUID, sa.ForeignKey("cells.uuid", name="fk_host_mappings_cell_uuid")),
    optional("availability_zone", NAME),
    optional("failure_domain", NAME),
    required("recent_faults", sa.Integer()),
    sa.UniqueConstraint("compute_node_uuid", name="uq_host_mappings_compute_node_uuid"),
    sa.Index("ix_host_mappings_cell_uuid", "cell_uuid"),
    mysql_engine="InnoDB",
)

revisions = sa.Table(
    "revisions",
    metadata,
    # What is counted; so far "hosts" only, raised by every change of a host mapping.
    sa.Column("name", WORD, primary_key=True),
    required("value", sa.BigInteger()),
    mysql_engine="InnoDB",
)

services = columns.services(metadata)
notifications = columns.notifications(metadata)
turns = columns.turns(metadata)
