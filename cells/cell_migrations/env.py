"""What alembic runs for the revisions of this folder."""

from understudy.cells import schema, tables_cell

schema.run_revisions(tables_cell.metadata)
