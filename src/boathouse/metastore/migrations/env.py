"""What Alembic runs for each command; the connection comes from :func:`boathouse.metastore.migrate`."""

from alembic import context

from boathouse.metastore.migrations import VERSION_TABLE
from boathouse.metastore.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
