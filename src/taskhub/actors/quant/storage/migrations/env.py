"""Alembic's environment: runs migrations on the connection that it is given."""

from __future__ import annotations

from alembic import context

from taskhub.actors.quant.storage.models import Base
from taskhub.actors.quant.storage.schema import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    compare_type=True,
)
context.run_migrations()
