"""Commands that act on tasks: retry, revoke, terminate, delete, by ids or by a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import named, positional, refuse_unreadable
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command
from taskhub.cli.output import confirm, note
from taskhub.cli.store_view import command_actor, open_store_view, problems_as_errors
from taskhub.humanize import counted

if TYPE_CHECKING:
    from taskhub.web.filters import Filter
    from taskhub.web.queries.store_view import StoreView

F = TypeVar("F", bound=Callable[..., Any])

#: Reasons why tasks are left alone, for people.
REASONS: Final = {
    "not_failed": "have not failed",
    "not_running": "do not run",
    "message_gone": "have no message any more",
    "unknown_id": "are not known",
    "changed_meanwhile": "have changed meanwhile",
    "running": "run",
    "ended": "have ended",
}


def _act_options(function: F) -> F:
    for decorate in (
        click.option("--reason", default="", metavar="TEXT", help="For the audit log."),
        click.option("-y", "--yes", is_flag=True, help="With --filter: do not ask."),
        click.option("--dry-run", is_flag=True, help="With --filter: only count."),
        click.option(
            "--rate",
            type=click.FloatRange(min=0, min_open=True, max=10_000),
            metavar="N",
            help="With --filter: at most N a second.",
        ),
        click.option("--filter", "text", metavar="FILTER", help="All that match."),
        click.argument("ids", metavar="[ID]...", nargs=-1),
    ):
        function = decorate(function)
    return function


@app_command()
@_act_options
@click.option("--args", "arguments", metavar="JSON", help="Of one task: other arguments.")
@click.option("--kwargs", metavar="JSON", help="Of one task: other named arguments.")
@click.option("--queue", metavar="NAME", help="Of one task: another queue.")
def retry(
    context: click.Context,
    /,
    ids: Sequence[str],
    arguments: str | None,
    kwargs: str | None,
    queue: str | None,
    **options: Any,
) -> int:
    """Send failed tasks again, with the same id, arguments and queue.

    With other arguments, or to another queue, a task is sent under a new id.
    """
    edited: dict[str, Any] = {}
    if arguments is not None:
        edited["args"] = positional(arguments)
    if kwargs is not None:
        edited["kwargs"] = named(kwargs)
    if queue is not None:
        edited["queue"] = queue
    if not edited:
        return _act(context, "retry", ids, "", options)
    if len(ids) != 1 or options["text"]:
        raise CommandError("--args, --kwargs and --queue go with one ID", exit_codes.USAGE)
    from taskhub.web.actions.task_actions import act_on_task

    store = open_store_view(context)
    with problems_as_errors():
        done = act_on_task(store, command_actor(), ids[0], "retry", edited)
    click.echo(done.text)
    return exit_codes.OK


@app_command()
@_act_options
def revoke(context: click.Context, /, ids: Sequence[str], **options: Any) -> int:
    """See to it that tasks which have not begun are not run."""
    return _act(context, "revoke", ids, "", options)


@app_command()
@_act_options
@click.option("--signal", metavar="NAME", help="SIGTERM, SIGUSR1, ... (default: SIGTERM).")
def terminate(context: click.Context, /, ids: Sequence[str], **options: Any) -> int:
    """End tasks that run."""
    return _act(context, "terminate", ids, "", options)


@app_command()
@_act_options
def delete(context: click.Context, /, ids: Sequence[str], **options: Any) -> int:
    """Forget ended tasks: their results, and the messages of failed ones."""
    return _act(context, "delete", ids, "", options)


@app_command("retry")
@_act_options
def retry_failed(context: click.Context, /, ids: Sequence[str], **options: Any) -> int:
    """Send failed tasks again."""
    return _act(context, "retry", ids, "state:failed", options)


@app_command("delete")
@_act_options
def delete_failed(context: click.Context, /, ids: Sequence[str], **options: Any) -> int:
    """Forget failed tasks."""
    return _act(context, "delete", ids, "state:failed", options)


def _act(
    context: click.Context, action: str, ids: Sequence[str], state: str, options: dict[str, Any]
) -> int:
    """Act on tasks by ids or by a filter; returns the exit code."""
    text = options["text"]
    if bool(ids) == (text is not None):
        raise CommandError("name tasks by their ids, or by --filter", exit_codes.USAGE)
    refuse_unreadable(*ids, text)
    store = open_store_view(context)
    if ids:
        return _act_on_ids(store, action, ids, options)
    from taskhub.web.actions.task_actions import plan_action
    from taskhub.web.queries.tasks import read_filter

    with problems_as_errors():
        wanted = read_filter(store, f"{text} {state}".strip(), hidden=False)
    if wanted.only("state"):
        raise CommandError("--filter names no condition but a state: add one", exit_codes.USAGE)
    with problems_as_errors():
        plan = plan_action(store, action, wanted, None)
    skipped = _skipped_text(plan["skipped"])
    if options["dry_run"] or not plan["acts"]:
        click.echo(f"{plan['acts']} of {counted(plan['matched'], 'task')}{skipped}")
        return exit_codes.OK
    if not options["yes"]:
        confirm(f"{action} {counted(plan['acts'], 'task')}{skipped}?", "nothing was done", "--yes")
    return _run_job(store, action, wanted, plan["at"], options)


def _act_on_ids(store: StoreView, action: str, ids: Sequence[str], options: dict[str, Any]) -> int:
    from taskhub.web.actions.task_actions import act_on_ids

    with problems_as_errors():
        done = act_on_ids(store, command_actor(), action, ids, options.get("signal"))
    skipped = [{"reason": reason, "count": count} for reason, count in done.skipped]
    click.echo(
        f"{action}: {len(done.ids)} of {counted(len(set(ids)), 'task')}{_skipped_text(skipped)}"
    )
    return exit_codes.OK if done.ids else exit_codes.FAILURE


def _run_job(
    store: StoreView, action: str, wanted: Filter, before: str, options: dict[str, Any]
) -> int:
    """Act on all that match, in this process, with progress on stderr."""
    import threading

    from taskhub.web.actions.jobs import Job, Jobs
    from taskhub.web.actions.task_actions import check_signal
    from taskhub.web.queries.times import parse_iso

    with problems_as_errors():
        signal = check_signal(options.get("signal"))
    job = Job(
        action=action,
        filter=wanted,
        actor=command_actor(),
        before=parse_iso(before),
        rate=options["rate"],
        signal=signal,
        reason=options["reason"],
    )
    thread = threading.Thread(target=Jobs(store).run, args=(job,), daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(1.0)
            if thread.is_alive():
                note(f"{job.done} done, {job.skipped.total()} skipped, {job.left} left")
    except KeyboardInterrupt:
        job.stop.set()
        thread.join()
    skipped = [{"reason": reason, "count": count} for reason, count in job.skipped.items()]
    click.echo(f"{action}: {job.done} of {counted(job.total, 'task')}{_skipped_text(skipped)}")
    if job.error:
        raise CommandError(job.error)
    return exit_codes.OK if job.state == "done" else exit_codes.FAILURE


def _skipped_text(skipped: Sequence[dict[str, Any]]) -> str:
    parts = [
        f"{each['count']} {REASONS.get(each['reason'], each['reason'])}"
        for each in skipped
        if each["count"]
    ]
    return f" ({', '.join(parts)})" if parts else ""
