"""`celery status`: which nodes are there. `taskhub status` shows more."""

from __future__ import annotations

from typing import Any

import click

from taskhub.cli import exit_codes, remote
from taskhub.cli.options import app_options, load_app


@click.command(name="status", epilog=exit_codes.EXPLAINED)
@app_options
@remote.remote_options
@click.pass_context
def status(context: click.Context, /, **given: Any) -> None:
    """Show which nodes are online. Ends with 69 if none is."""
    given.update(name="ping", arguments=(), only_nodes=True)
    remote.run(load_app(context), "inspect", **given)
