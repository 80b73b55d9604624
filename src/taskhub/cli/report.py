"""`taskhub report`."""

from __future__ import annotations

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.pass_context
def report(context: click.Context) -> None:
    """Show versions and settings, secrets masked: for a bug report."""
    click.echo(load_app(context).bugreport())
