"""`taskhub store`: the schema of a PostgreSQL store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, app_options, load_app

if TYPE_CHECKING:
    from taskhub.engine.postgres.engine import PostgresEngine


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def store() -> None:
    """Set up the store. Only PostgreSQL needs that: its tables are made, and upgraded, here."""


@app_command("upgrade", parent=store)
def upgrade_schema(context: click.Context) -> None:
    """Create the schema, or bring it to the version that this taskhub needs.

    May be run again at any time, while workers run, and by several at once.
    """
    applied = _engine(context).upgrade_schema()
    for step in applied:
        click.echo(f"applied {step}")
    if not applied:
        click.echo("the schema is up to date")


@app_command("check", parent=store)
def check_schema(context: click.Context) -> int:
    """Show what `taskhub store upgrade` would apply; ends with 1 if it would apply something."""
    pending = _engine(context).pending_upgrade()
    for step in pending:
        click.echo(f"missing {step}")
    if not pending:
        click.echo("the schema is up to date")
    return exit_codes.FAILURE if pending else exit_codes.OK


def _engine(context: click.Context) -> PostgresEngine:
    """Return the engine of the app.

    Raises:
        CommandError: It is not on PostgreSQL.
    """
    engine = load_app(context).engine
    if engine.stores.broker.scheme != "postgresql":
        raise CommandError(
            f"{engine.stores.broker.masked()} has no schema: only a PostgreSQL store "
            "(broker_url='postgresql://...') needs to be set up",
            exit_codes.USAGE,
        )
    from taskhub.engine.postgres.engine import PostgresEngine

    assert isinstance(engine, PostgresEngine)
    return engine
