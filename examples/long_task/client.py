"""Start, watch, stop, cancel and crash the long task."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from taskhub import AsyncResult, states, uuid
from taskhub.exceptions import ImproperlyConfigured, OperationalError

from catalogue import app, jobs, reindex, reindex_async

console = Console(highlight=False)


def main() -> int:
    """Do what the arguments say; returns the exit code."""
    options = arguments().parse_args()
    try:
        if options.command == "start":
            return start(options)
        if options.command == "stop":
            jobs.request_stop(options.job)
            return 0
        result: AsyncResult[Any] = app.AsyncResult(options.id)
        if options.command == "cancel":
            result.revoke(terminate=True)
            return watch(result)
        return crash(result) if options.command == "crash" else watch(result)
    except (ImproperlyConfigured, OperationalError) as error:
        print(error, file=sys.stderr)
        return 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start a job, or let it go on, and watch it")
    start.add_argument("job", help="its name")
    start.add_argument("--id", help="the id of the call (default: a new one)")
    start.add_argument("--items", type=int, default=300, help="how many (default: 300)")
    start.add_argument("--async", dest="is_async", action="store_true", help="by the async task")
    start.add_argument("--soft", type=float, help="seconds until it ends in an orderly way")
    start.add_argument("--hard", type=float, help="seconds until it is ended by force")
    stop = commands.add_parser("stop", help="let a job end at its next report")
    stop.add_argument("job")
    for name, text in {
        "watch": "show the progress of a call",
        "cancel": "end a call now",
        "crash": "kill the worker process that runs a call, as a lack of memory does",
    }.items():
        commands.add_parser(name, help=text).add_argument("id")
    return parser


def start(options: argparse.Namespace) -> int:
    """Send a call, and watch it."""
    jobs.prepare(options.job, options.items)
    task = reindex_async if options.is_async else reindex
    result = task.apply_async(
        (options.job, options.items),
        task_id=options.id or uuid(),
        soft_time_limit=options.soft,
        time_limit=options.hard,
    )
    return watch(result)


def watch(result: AsyncResult[Any]) -> int:
    """Show a bar until a call has ended, and how it ended; Ctrl-C ends the watching only."""
    console.print(f"watching {result.id}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
    )
    try:
        with Bar(*columns, console=console) as bar:
            shown = bar.add_task("waiting", total=None)

            def show(document: Mapping[str, Any]) -> None:
                # Called with each state that is stored, whenever one is: nothing is polled.
                if document["status"] == "PROGRESS":
                    found = document["result"]
                    bar.update(
                        shown,
                        description=f"from {found['resumed_at']}",
                        completed=found["done"],
                        total=found["total"],
                    )

            value = result.get(on_message=show, propagate=False)
            if result.state == states.SUCCESS:
                bar.update(shown, completed=value["done"], total=value["total"])
    except KeyboardInterrupt:
        console.print(f"the task goes on: watch {result.id}")
        return 130
    if result.state != states.SUCCESS:
        console.print(f"{result.state}: {value!r}")
        return 1
    console.print(
        f"{value['outcome']}: {value['done']} of {value['total']}, from {value['resumed_at']}"
    )
    return 0


def crash(result: AsyncResult[Any]) -> int:
    """Kill the process that runs a call."""
    for node in (app.control.inspect().active() or {}).values():
        for running in node:
            if running["id"] == result.id:
                os.kill(running["worker_pid"], signal.SIGKILL)
                console.print(f"killed process {running['worker_pid']}")
                return 0
    print(f"{result.id} runs nowhere", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
