"""`taskhub events`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import say_json
from taskhub.command_hint import command_hint
from taskhub.engine.port.monitoring import FROM_BEGINNING

#: Names of tasks are remembered for so many calls: only the first events of a call have them.
REMEMBERED = 4096
#: As Celery calls them.
_WORDS = {
    "worker-offline": "shutdown",
    "worker-online": "started",
    "worker-heartbeat": "heartbeat",
}


@app_command()
@click.option("-d", "--dump", is_flag=True, help="Print events as they come, a line each.")
@click.option("-c", "--camera", hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print each as one line of JSON.")
@click.option(
    "--all", "from_beginning", is_flag=True, help="Begin with those that the store still keeps."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="End after so many.")
def events(
    context: click.Context,
    dump: bool,
    camera: str | None,
    as_json: bool,
    from_beginning: bool,
    limit: int | None,
) -> None:
    """Follow the events of workers and tasks, until Ctrl-C.

    Workers send events when they were started with -E, by the setting worker_send_task_events, or
    since `app.control.enable_events()`.
    """
    if camera is not None:
        raise CommandError(
            "--camera is not offered: follow app.events.Receiver() in a program, or see "
            f"{command_hint('stats')}",
            exit_codes.USAGE,
        )
    if not dump and not as_json:
        raise CommandError(
            "events are shown in one form only: add --dump (or --json)", exit_codes.USAGE
        )
    app = load_app(context)
    lines = Lines()
    if not as_json:
        click.echo("-> evdump: starting capture...")
    with app.events.Receiver(after=FROM_BEGINNING if from_beginning else None) as receiver:
        for event in receiver.itercapture(limit=limit):
            if as_json:
                say_json(event)
            else:
                click.echo(lines.line(event))


class Lines:
    """Makes the lines of events, as Celery's `celery events --dump`."""

    def __init__(self) -> None:
        self._tasks: dict[str, str] = {}

    def line(self, event: Mapping[str, Any]) -> str:
        """Return the line of an event."""
        rest = {name: value for name, value in event.items() if name != "local_received"}
        at = datetime.fromtimestamp(rest.pop("timestamp"), UTC)
        kind, hostname, subject = rest.pop("type"), rest.pop("hostname"), ""
        if kind.startswith("task-"):
            task_id = rest.pop("uuid")
            if kind in ("task-received", "task-sent"):
                args, kwargs = rest.pop("args"), rest.pop("kwargs")
                subject = f"{rest.pop('name')}({task_id}) args={args} kwargs={kwargs}"
                self._remember(task_id, subject)
            subject = self._tasks.get(task_id, task_id)
        fields = ", ".join(f"{name}={rest[name]}" for name in sorted(rest))
        word = _WORDS.get(kind, kind.replace("-", " "))
        colon, space = ":" if fields else "", " " if subject else ""
        return f"{hostname} [{at}] {word}{colon} {subject}{space}{fields}"

    def _remember(self, task_id: str, subject: str) -> None:
        self._tasks[task_id] = subject
        if len(self._tasks) > REMEMBERED:
            del self._tasks[next(iter(self._tasks))]
