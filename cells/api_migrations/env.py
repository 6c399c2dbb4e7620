"""What alembic runs for the revisions of this folder."""

from understudy.cells import schema, tables_api

schema.run_revisions(tables_api.metadata)
