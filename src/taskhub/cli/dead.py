"""`taskhub dead`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import refuse_unreadable
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, app_options, load_app, page_options
from taskhub.cli.output import confirm, note, on_one_line, say_json, table
from taskhub.cli.queues import described
from taskhub.command_hint import command_hint
from taskhub.humanize import counted, duration

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.engine.port.inspection import DeadLetter

#: Letters per call when all of them are meant.
PAGE = 100


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def dead() -> None:
    """Show, retry and delete dead letters: messages that were rejected, unreadable or lost."""


@app_command("list", parent=dead)
@page_options
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each.")
def list_dead_letters(context: click.Context, offset: int, limit: int, as_json: bool) -> None:
    """Show the dead letters, the oldest first."""
    letters = [describe(letter) for letter in load_app(context).engine.dead_letters(offset, limit)]
    if as_json:
        for letter in letters:
            say_json(letter)
        return
    rows = [
        (
            letter["id"],
            letter["task"],
            letter["queue"],
            on_one_line(letter["reason"]),
            duration(letter["expires"] - time.time()),
        )
        for letter in letters
    ]
    columns = ("id", "task", "queue", "reason", "forgotten in")
    table("Dead letters", columns, rows, "none", cut=("reason",))
    if len(letters) == limit:
        note(f"there may be more: --offset {offset + limit}")


@app_command(parent=dead)
@click.argument("identity", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def show(context: click.Context, identity: str, as_json: bool) -> None:
    """Show the message ID with its arguments, the exception that ended it, and the traceback."""
    refuse_unreadable(identity)
    engine = load_app(context).engine
    found = engine.dead_letter(key_of(identity))
    if found is None:
        raise none_of([identity])
    letter = describe(found)
    if as_json:
        say_json(letter)
        return
    for name in ("id", "task_id", "task", "args", "kwargs", "queue", "priority", "reason"):
        if letter[name] is not None:
            click.echo(f"{name:<9} {letter[name]}")
    click.echo(f"forgotten in {duration(letter['expires'] - time.time())}")
    if letter["traceback"]:
        click.echo(f"\n{str(letter['traceback']).rstrip()}")


@app_command(parent=dead)
@click.argument("identities", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that there are now.")
@click.option("-y", "--yes", is_flag=True, help="With --all: do not ask.")
def retry(context: click.Context, identities: tuple[str, ...], everything: bool, yes: bool) -> int:
    """Send dead letters again, to the queues that they came from, as if they had just been sent."""
    app = load_app(context)
    return _each(app, identities, everything, yes, app.engine.retry_dead_letters, "sent again")


@app_command(parent=dead)
@click.argument("identities", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that there are now.")
@click.option("-y", "--yes", is_flag=True, help="With --all: do not ask.")
def delete(context: click.Context, identities: tuple[str, ...], everything: bool, yes: bool) -> int:
    """Delete dead letters."""
    app = load_app(context)
    return _each(app, identities, everything, yes, app.engine.delete_dead_letters, "deleted")


def _hidden_alias(command: click.Command, name: str) -> click.Command:
    alias = copy(command)
    alias.name, alias.hidden = name, True
    return alias


# Scripts may know it by its name before the glossary.
dead.add_command(_hidden_alias(delete, "drop"))


def _each(
    app: Celery,
    identities: Sequence[str],
    everything: bool,
    yes: bool,
    act: Callable[[Sequence[str]], list[str]],
    done: str,
) -> int:
    """Do something with dead letters; returns the exit code."""
    if bool(identities) == everything:
        raise CommandError("name dead letters by their ids, or all with --all", exit_codes.USAGE)
    refuse_unreadable(*identities)
    if everything:
        count = app.engine.dead_count()
        if count and not yes:
            confirm(f"All {counted(count, 'dead letter')}?", "nothing was done", "--yes")
        identities = _all_keys(app)
    acted: list[str] = []
    for start in range(0, len(identities), PAGE):
        acted += act([key_of(identity) for identity in identities[start : start + PAGE]])
    if acted or everything:
        click.echo(f"{counted(len(acted), 'dead letter')} {done}")
    missing = [identity for identity in identities if key_of(identity) not in acted]
    if not missing:
        return exit_codes.OK
    if everything:
        note(f"{len(missing)} cannot be read, or have gone: see {command_hint('dead', 'list')}")
        return exit_codes.FAILURE
    unreadable = [name for name in missing if app.engine.dead_letter(key_of(name)) is not None]
    if unreadable:
        raise CommandError(
            f"{', '.join(unreadable)} cannot be sent again: the message cannot be read. "
            f"{command_hint('dead', 'delete', *unreadable)} deletes it"
        )
    raise none_of(missing)


def _all_keys(app: Celery) -> list[str]:
    keys: list[str] = []
    while page := app.engine.dead_letters(len(keys), PAGE):
        keys += [letter.key for letter in page]
    return [identity_of(key) for key in keys]


def none_of(identities: Sequence[str]) -> CommandError:
    """Return the error for dead letters that there are not."""
    names = ", ".join(identity or "''" for identity in identities)
    return CommandError(f"there is no dead letter {names}: see {command_hint('dead', 'list')}")


def identity_of(key: str) -> str:
    """Return a key as people write it: its second part, if there is one, stands behind a `#`."""
    return key.replace("\n", "#")


def key_of(identity: str) -> str:
    """Return the key that `identity_of` wrote."""
    task_id, mark, number = identity.rpartition("#")
    return f"{task_id}\n{number}" if mark and number.isdigit() else identity


def describe(letter: DeadLetter) -> dict[str, Any]:
    """Return what is known of a dead letter, for JSON."""
    try:
        cause = json.loads(letter.reason)
    except ValueError:
        cause = {"reason": letter.reason}
    detail = cause.get("detail") or ""
    unread = {
        "task_id": letter.key.partition("\n")[0],
        **dict.fromkeys(("task", "args", "kwargs", "queue", "priority")),
    }
    return {
        "id": identity_of(letter.key),
        **(unread if letter.envelope is None else described(letter.envelope)),
        "reason": f"{cause.get('reason')}: {detail}" if detail else str(cause.get("reason")),
        "traceback": cause.get("traceback"),
        "expires": letter.expires / 1000,
    }
