"""`taskhub dead`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import duration, say_json, table

if TYPE_CHECKING:
    from taskhub.engine.looking import DeadLetter


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def dead() -> None:
    """Look at messages that were given up: rejected, unreadable, or lost with their workers too often."""


@dead.command("list", epilog=exit_codes.EXPLAINED)
@app_options
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Pass over the first N."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="Show N.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each.")
@click.pass_context
def list_letters(context: click.Context, offset: int, limit: int, as_json: bool) -> None:
    """Show the dead letters, the oldest first."""
    letters = [describe(letter) for letter in load_app(context).engine.dead_letters(offset, limit)]
    if as_json:
        for letter in letters:
            say_json(letter)
        return
    rows = [
        (
            letter["task_id"],
            letter["task"],
            letter["queue"],
            letter["reason"],
            duration(letter["expires"] - time.time()),
        )
        for letter in letters
    ]
    table("Dead letters", ("id", "task", "queue", "reason", "forgotten in"), rows, "none")


def describe(letter: DeadLetter) -> dict[str, Any]:
    """Return what is known of a dead letter, for JSON."""
    from taskhub.exceptions import DecodeError
    from taskhub.message import decode_body

    envelope, task = letter.envelope, None
    if envelope is not None:
        try:
            task = decode_body(envelope.body)["actor_name"]
        except (DecodeError, ValueError):
            task = None
    try:
        cause = json.loads(letter.reason)
    except ValueError:
        cause = {"reason": letter.reason}
    detail = cause.get("detail") or ""
    return {
        "task_id": envelope.task_id if envelope is not None else letter.key,
        "task": task,
        "queue": envelope.queue if envelope is not None else None,
        "reason": f"{cause.get('reason')}: {detail}" if detail else str(cause.get("reason")),
        "expires": letter.expires / 1000,
    }
