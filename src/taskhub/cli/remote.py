"""`taskhub inspect` and `taskhub control`: commands to workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import some_names
from taskhub.cli.command_runner import CommandError
from taskhub.cli.option_types import Seconds
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import note, say_json
from taskhub.cli.program import CELERY, called_as, is_quiet
from taskhub.cli.replies import show_celery_reply, show_reply
from taskhub.command_hint import command_hint
from taskhub.control.broadcast import live_worker_infos

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.worker.control.panel import CommandInfo

F = TypeVar("F", bound=Callable[..., Any])


def remote_options(function: F) -> F:
    """Add the arguments that `inspect` and `control` share."""
    for decorate in (
        click.argument("arguments", nargs=-1, type=click.UNPROCESSED),
        click.argument("name", metavar="COMMAND", required=False),
        click.option("--list", "listed", is_flag=True, help="List the commands."),
        click.option("-j", "--json", "as_json", is_flag=True, help="Print one line of JSON."),
        click.option(
            "-d",
            "--destination",
            "destinations",
            multiple=True,
            metavar="NODES",
            help="Only these nodes, separated by commas, e.g. celery@host (default: all).",
        ),
        click.option(
            "-t",
            "--timeout",
            type=Seconds(0),
            metavar="SECONDS",
            help="How long to wait for replies (default: 1, of some commands longer).",
        ),
    ):
        function = decorate(function)
    return function


@app_command()
@remote_options
def inspect(context: click.Context, /, **given: Any) -> None:
    """Ask workers how they are and what they do.

    COMMAND is one of those that --list names, the app's own among them. Ends as soon as all workers
    have answered; with 69 if none does, or one that was named does not.
    """
    run(context, "inspect", **given)


@app_command()
@remote_options
def control(context: click.Context, /, **given: Any) -> None:
    """Send workers a command.

    COMMAND is one of those that --list names, the app's own among them. Ends as soon as all workers
    have answered; with 69 if none does, or one that was named does not, and with 1 if one could not
    do it.
    """
    run(context, "control", **given)


def run(
    context: click.Context,
    kind: str,
    *,
    name: str | None,
    arguments: tuple[str, ...],
    listed: bool,
    as_json: bool,
    destinations: tuple[str, ...],
    timeout: float | None,
    only_nodes: bool = False,
) -> None:
    """Send a command and print the replies.

    Args:
        only_nodes: Print who replied, and not what.

    Raises:
        CommandError: it is unknown, or nobody replied.
    """
    if name is None and not listed:
        raise CommandError(
            f"name a command; {command_hint(kind, '--list')} shows them all", exit_codes.USAGE
        )
    # The app's own commands may be among its tasks; the others do not need these.
    app = load_app(context, with_tasks=listed or name not in commands_of(kind))
    known = commands_of(kind)
    if listed or name is None:
        _list(kind, known)
        return
    if name not in known:
        raise unknown_command(kind, name, known)
    info = known[name]
    values = compiled(name, info, arguments)
    # An empty variable must not shut down all workers.
    wanted = some_names("-d", destinations)
    patience = max(info.default_timeout, 1.0) if timeout is None else timeout
    show = (
        partial(show_celery_reply, body=not only_nodes)
        if called_as(context) == CELERY
        else partial(show_reply, name)
    )
    try:
        replies = app.control.broadcast(
            name,
            values,
            list(wanted) or None,
            reply=True,
            timeout=patience,
            callback=None if as_json else show,
        )
    except ValueError as error:
        raise CommandError(f"{name}: {error}", exit_codes.USAGE) from error
    by_node = {node: value for reply in replies or () for node, value in reply.items()}
    if as_json and by_node:
        say_json(by_node)
    missing = [node for node in wanted if node not in by_node]
    if missing or not by_node:
        _explain_missing_replies(app, name, missing, patience, as_json=as_json)
        return
    if kind == "inspect" and not as_json and not is_quiet(context):
        # Scripts look for it where Celery prints it.
        click.echo(f"\n{len(by_node)} {'node' if len(by_node) == 1 else 'nodes'} online.")
    failed = [node for node, value in by_node.items() if _is_error(value)]
    if failed and kind == "control":
        raise CommandError(f"{name} was not done by {', '.join(failed)}")


def _explain_missing_replies(
    app: Celery, name: str, missing: Sequence[str], patience: float, *, as_json: bool
) -> None:
    """Say what was done without workers that did not reply.

    Raises:
        CommandError: something is left to be done, or to be known.
    """
    there = sorted({worker_info.node for worker_info in live_worker_infos(app).values()})
    start = f"start some with {command_hint('worker')}"
    stored = _IN_THE_STORE.get(name)
    silent = [node for node in missing or there if node in there]
    absent = [node for node in missing if node not in there]
    if stored is not None and not silent and not absent:
        if as_json:
            say_json({})
        note(f"{stored}; no worker is there that could run it")
        return
    shown = [f"{', '.join(silent)} did not reply within {patience:g} s"] if silent else []
    if absent:
        known = f"those that are: {', '.join(there)}" if there else f"none is; {start}"
        shown.append(f"{', '.join(absent)} is not there; {known}")
    if not shown:
        shown.append(f"no worker is there: {start}")
    if stored is not None:
        shown.insert(0, stored)
    raise CommandError("; ".join(shown), exit_codes.UNAVAILABLE)


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"error"}


def commands_of(kind: str) -> dict[str, CommandInfo]:
    """Return the commands of a kind by name, those of the app among them."""
    from taskhub.worker.control.commands import Panel

    return {
        name: info
        for name, info in sorted(Panel.meta.items())
        if info.type == kind and info.visible
    }


def unknown_command(kind: str, name: str, known: dict[str, CommandInfo]) -> CommandError:
    """Return the error for a command that there is not."""
    from difflib import get_close_matches

    other = "control" if kind == "inspect" else "inspect"
    near = get_close_matches(name, known, 1)
    if name in commands_of(other):
        hint = f"write {command_hint(other, name)}"
    elif near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"there are {', '.join(known)}"
    return CommandError(f"there is no {kind} command {name!r}: {hint}", exit_codes.USAGE)


def compiled(name: str, info: CommandInfo, arguments: Sequence[str]) -> dict[str, Any]:
    """Return what the arguments of the command line mean to a command.

    Raises:
        CommandError: there are too many, or one is of another type.
    """
    usage = f"{name} {info.signature or ''}".rstrip()
    values: dict[str, Any] = {}
    places = list(info.args or ())
    for (argument, read), text in zip(places, arguments, strict=False):
        try:
            values[argument] = read(text)
        except (TypeError, ValueError) as error:
            raise CommandError(
                f"{name}: {argument} cannot be {text!r}; write {usage}", exit_codes.USAGE
            ) from error
    rest = list(arguments[len(places) :])
    if info.variadic:
        values[info.variadic] = rest
    elif rest:
        raise CommandError(f"{name} does not take {rest[0]!r}; write {usage}", exit_codes.USAGE)
    required = (info.signature or "").count("<")
    if len(arguments) < required or (info.variadic and not rest and name in _NEED_IDS):
        raise CommandError(f"{name} lacks an argument; write {usage}", exit_codes.USAGE)
    return values


#: What of a command needs no worker, as it is printed when none replies.
_IN_THE_STORE = {
    "revoke": "revoked in the store: what waits has ended, and nothing of it will begin",
    "terminate": "revoked in the store: what waits has ended, and nothing of it will begin",
    "revoke_by_stamped_headers": "revoked in the store: nothing with these stamps will begin",
}
#: Commands that do nothing without a list.
_NEED_IDS = ("revoke", "terminate", "revoke_by_stamped_headers", "query_task")


def _list(kind: str, known: dict[str, CommandInfo]) -> None:
    formatter = click.HelpFormatter(width=100)
    with formatter.section(f"{kind.capitalize()} commands"):
        formatter.write_dl(
            [
                (f"{name} {info.signature}" if info.signature else name, info.help)
                for name, info in known.items()
            ]
        )
    click.echo(formatter.getvalue(), nl=False)
