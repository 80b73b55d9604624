"""The command `celery list bindings`: the queues of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from celery._unsupported import unsupported_getattr
from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app

__all__ = ("bindings", "list_")


@click.group(name="list", epilog=exit_codes.EXPLAINED)
@app_options
def list_() -> None:
    """Show what settings say of queues."""


@list_.command(name="bindings")
@app_options
@click.pass_context
def bindings(context: click.Context) -> None:
    """Show queues with exchanges and routing keys. `taskhub queues` shows what is in them."""
    lines = [("Queue", "Exchange", "Routing Key"), ("-" * 16, "-" * 16, "-" * 16)]
    for name, queue in sorted(load_app(context).amqp.queues.items()):
        exchange = getattr(queue.exchange, "name", queue.exchange) or ""
        lines.append((name, exchange, queue.routing_key or ""))
    for queue_name, exchange, key in lines:
        click.echo(f"{queue_name:<28} {exchange:<28} {key}")


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
