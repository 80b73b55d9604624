"""Alembic's entry: runs migrations on the connection that `taskhub.quant.storage.migrating` gives."""

from __future__ import annotations

from alembic import context

from taskhub.quant.storage.migrating import VERSION_TABLE
from taskhub.quant.storage.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    compare_type=True,
)
context.run_migrations()
