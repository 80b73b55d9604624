"""`taskhub report`."""

from __future__ import annotations

import click

from taskhub.cli.options import app_command, load_app


@app_command()
def report(context: click.Context) -> None:
    """Show versions and settings, secrets masked: for a bug report."""
    click.echo(load_app(context).bugreport())
