"""`taskhub queues` and `taskhub purge`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import some_names
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, app_options, load_app, page_options
from taskhub.cli.output import confirm, note, on_one_line, say_json, table
from taskhub.cli.store_view import command_actor, open_store_view
from taskhub.humanize import counted, duration

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.message import Envelope

#: Columns of the messages of a queue.
_COLUMNS = ("id", "task", "arguments", "priority")


class QueuesGroup(click.Group):
    """`taskhub queues [QUEUE]` shows queues; other commands behind it act on them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let arguments that begin with no command be those of `show`."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=QueuesGroup, epilog=exit_codes.EXPLAINED)
@app_options
def queues() -> None:
    """Show the queues, or the messages of one; pause, resume, and forget queues.

    `taskhub queues` and `taskhub queues QUEUE` stand for `taskhub queues show`.
    """


@app_command(parent=queues)
@click.argument("queue", required=False)
@click.option("--delayed", is_flag=True, help="With QUEUE: its messages for later.")
@click.option(
    "--rate-limited", is_flag=True, help="With QUEUE: its messages that rate limits hold."
)
@click.option("--reserved", is_flag=True, help="With QUEUE: its messages in the hands of workers.")
@page_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one line, of messages one each.")
def show(
    context: click.Context,
    queue: str | None,
    delayed: bool,
    rate_limited: bool,
    reserved: bool,
    offset: int,
    limit: int,
    as_json: bool,
) -> None:
    """Show the queues that were ever used and what they hold, or the messages of QUEUE.

    The messages are those that are ready, the next one first. Nothing that is not shown is read,
    however many wait.
    """
    flags = {"delayed": delayed, "rate limited": rate_limited, "reserved": reserved}
    kinds = [kind for kind, wanted in flags.items() if wanted]
    if queue is None:
        if kinds:
            options = "--delayed, --rate-limited and --reserved"
            raise CommandError(f"name a queue with {options}", exit_codes.USAGE)
        _show_all(load_app(context), as_json)
        return
    if len(kinds) > 1:
        raise CommandError("choose --delayed, --rate-limited or --reserved", exit_codes.USAGE)
    app = load_app(context)
    check_known(app, queue)
    kind = kinds[0] if kinds else "ready"
    found = _messages(app, queue, kind, offset, limit)
    if as_json:
        for message in found:
            say_json(message)
        return
    table(f"Messages of {queue}, {kind}", *_drawn(found, kind), "none", cut=("arguments",))
    if len(found) == limit:
        note(f"there may be more: --offset {offset + limit}")


def _messages(app: Celery, queue: str, kind: str, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return a page of the messages of a queue, for JSON."""
    if kind == "delayed":
        return [
            {**described(entry.envelope), "due": entry.due / 1000}
            for entry in app.engine.delayed(offset, limit, [queue])
        ]
    if kind == "rate limited":
        return [
            {**described(entry.envelope), "rate_limited_until": entry.permit / 1000}
            for entry in app.engine.rate_limited(offset, limit, [queue])
        ]
    if kind == "reserved":
        return _reserved(app, queue, offset, limit)
    return [described(envelope) for envelope in app.engine.waiting(queue, offset, limit)]


def _show_all(app: Celery, as_json: bool) -> None:
    counts, paused = app.engine.queues(), app.engine.paused_queues()
    if as_json:
        say_json({name: count._asdict() for name, count in counts.items()})
        return
    rows: list[Any] = [(name, *count) for name, count in counts.items()]
    columns: tuple[str, ...] = ("name", "ready", "delayed", "rate limited")
    if paused:
        now = time.time()
        texts = {
            name: f"for {duration(now - found.since / 1000)}, by {found.by or 'nobody'}"
            for name, found in paused.items()
        }
        rows = [(*row, texts.get(row[0], "-")) for row in rows]
        rows += [(name, 0, 0, 0, text) for name, text in texts.items() if name not in counts]
        columns = (*columns, "paused")
    table("Queues", columns, rows, "none was used yet")


@app_command(parent=queues)
@click.argument("names", metavar="QUEUE...", nargs=-1, required=True)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
def pause(context: click.Context, /, names: Sequence[str], reason: str) -> int:
    """Let no worker claim messages of QUEUE until it is resumed; what runs goes on."""
    return _act(context, names, "pause", reason)


@app_command(parent=queues)
@click.argument("names", metavar="QUEUE...", nargs=-1, required=True)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
def resume(context: click.Context, /, names: Sequence[str], reason: str) -> int:
    """Let workers claim messages of a paused QUEUE again."""
    return _act(context, names, "resume", reason)


@app_command(parent=queues)
@click.argument("names", metavar="QUEUE...", nargs=-1, required=True)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
def forget(context: click.Context, /, names: Sequence[str], reason: str) -> int:
    """Forget QUEUE, and its pause, if it holds no message and no live worker serves it.

    It is known again from its next message on.
    """
    return _act(context, names, "forget", reason)


def _act(context: click.Context, names: Sequence[str], action: str, reason: str) -> int:
    """Act on queues; returns the exit code."""
    from taskhub.web.actions.queue_actions import act_on_queue
    from taskhub.web.problem import Problem

    store = open_store_view(context)
    code = exit_codes.OK
    for name in names:
        try:
            done = act_on_queue(store, command_actor(), name, action, {"reason": reason})
        except Problem as problem:
            note(f"error: {problem.detail}")
            code = exit_codes.FAILURE
        else:
            click.echo(done.text)
    return code


def check_known(app: Celery, queue: str) -> None:
    """Check that a queue was ever used.

    Raises:
        CommandError: it was not.
    """
    counts = app.engine.queues()
    if queue not in counts:
        there = f"there are {', '.join(counts)}" if counts else "none was used yet"
        raise CommandError(f"there is no queue {queue!r}: {there}", exit_codes.USAGE)


def _reserved(app: Celery, queue: str, offset: int, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    engine = app.engine
    for worker in sorted(engine.workers()):
        start = 0
        while page := engine.claimed(worker, start, limit):
            start += limit
            for envelope in page:
                if envelope.queue == queue:
                    found.append({**described(envelope), "worker": worker})
                    if len(found) == offset + limit:
                        return found[offset:]
    return found[offset:]


def described(envelope: Envelope) -> dict[str, Any]:
    """Return a message for JSON; what cannot be read is None."""
    from taskhub.exceptions import DecodeError
    from taskhub.message import decode_body
    from taskhub.serialization.safe_repr import safe_repr

    task = args = kwargs = None
    priority = envelope.priority
    try:
        fields = decode_body(envelope.body)
        options = fields.get("options") or {}
        task = fields["actor_name"]
        priority = options.get("priority", priority)
        if "content" in options:
            args, kwargs = options.get("argsrepr"), options.get("kwargsrepr")
        else:
            args, kwargs = safe_repr(tuple(fields["args"])), safe_repr(fields["kwargs"])
    except (AttributeError, DecodeError, TypeError):
        pass
    return {
        "task_id": envelope.task_id,
        "task": task,
        "args": args,
        "kwargs": kwargs,
        "queue": envelope.queue,
        "priority": priority,
    }


def arguments_of(message: dict[str, Any]) -> str:
    """Return the arguments of a message in few words."""
    texts = (message["args"], message["kwargs"])
    return on_one_line(" ".join(text for text in texts if text not in (None, "()", "{}")))


def _drawn(found: list[dict[str, Any]], kind: str) -> tuple[tuple[str, ...], list[Any]]:
    """Return columns and rows of the table of messages."""
    rows: list[Any] = [
        (message["task_id"], message["task"] or "?", arguments_of(message), message["priority"])
        for message in found
    ]
    moments = {"delayed": ("due in", "due"), "rate limited": ("may start in", "rate_limited_until")}
    if kind in moments:
        column, name = moments[kind]
        now = time.time()
        rows = [
            (*row, duration(max(0.0, message[name] - now)))
            for row, message in zip(rows, found, strict=True)
        ]
        return (*_COLUMNS, column), rows
    if kind == "reserved":
        rows = [(*row, message["worker"]) for row, message in zip(rows, found, strict=True)]
        return (*_COLUMNS, "worker"), rows
    return _COLUMNS, rows


@app_command()
@click.argument("queues", metavar="[QUEUE]...", nargs=-1)
@click.option(
    "-Q", "--queues", "more", multiple=True, metavar="NAMES", help="The same, separated by commas."
)
@click.option(
    "-X",
    "--exclude-queues",
    "spared",
    multiple=True,
    metavar="NAMES",
    help="Queues that are left alone, separated by commas.",
)
@click.option("-y", "--yes", "-f", "--force", is_flag=True, help="Do not ask.")
@click.option("--keep-delayed", is_flag=True, help="Delete only what is ready to run.")
@click.option("--if-any", "lenient", is_flag=True, help="Queues that there are not are empty.")
def purge(
    context: click.Context,
    queues: tuple[str, ...],
    more: tuple[str, ...],
    spared: tuple[str, ...],
    yes: bool,
    keep_delayed: bool,
    lenient: bool,
) -> None:
    """Delete the waiting messages of QUEUE, or of all queues of the app; tasks that run go on."""
    named = (*queues, *some_names("-Q", more))
    left_alone = some_names("-X", spared)
    app = load_app(context)
    engine = app.engine
    counts = engine.queues()
    for queue in () if lenient else named:
        check_known(app, queue)
    chosen = [name for name in (named or app.control.queues()) if name not in left_alone]
    held = {name: counts[name] for name in chosen if name in counts}
    doomed = sum(count.ready if keep_delayed else count.total for count in held.values())
    where = ", ".join(chosen) or "no queue"
    if doomed and not yes:
        confirm(f"Delete {counted(doomed, 'message')} of {where}?", "nothing was deleted", "--yes")
    deleted = sum(engine.purge(name, delayed=not keep_delayed) for name in held)
    click.echo(f"{counted(deleted, 'message')} deleted from {where}")
