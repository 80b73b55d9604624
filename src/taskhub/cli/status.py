"""`taskhub status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import note, say_json, shortened, table
from taskhub.command_hint import command_hint, serving_hint
from taskhub.humanize import duration

if TYPE_CHECKING:
    from taskhub.app.app import Celery


@app_command()
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def status(context: click.Context, as_json: bool) -> int:
    """Show the store, the queues, the workers, and how many messages were given up.

    Ends with 69 if there is no worker.
    """
    state = collect(load_app(context, with_tasks=False))
    if as_json:
        say_json(state)
    else:
        _show(state)
    return exit_codes.OK if state["workers"] else exit_codes.UNAVAILABLE


def _show(state: dict[str, Any]) -> None:
    store = state["store"]
    click.echo(f"Store  {store['url']} ({store['server']})")
    rows: list[Any] = [
        (
            queue["name"],
            queue["ready"],
            queue["delayed"],
            queue["rate_limited"],
            "-" if queue["oldest"] is None else duration(queue["oldest"]),
            ", ".join(queue["served_by"]) or "nobody",
        )
        for queue in state["queues"]
    ]
    headings = ("name", "ready", "delayed", "rate limited", "oldest waits", "served by")
    table("Queues", headings, rows, "none was used yet", cut=("served by",))
    rows = [
        (
            worker["node"],
            worker["process"],
            worker["threads"],
            worker["holds"],
            f"{worker['lease_left']:.1f} s",
            "-" if worker["restarts"] is None else worker["restarts"],
            ", ".join(worker["queues"]),
        )
        for worker in state["workers"]
    ]
    columns = ("node", "process", "threads", "holds", "lease", "restarts", "queues")
    nobody = f"none: start some with {command_hint('worker')}"
    table("Workers", columns, rows, nobody, cut=("queues",))
    dead = state["dead_letters"]
    look = f" ({command_hint('dead', 'list')})" if dead else ""
    click.echo(f"Dead letters  {dead}{look}")
    for queue in state["queues"]:
        if queue["ready"] and not queue["served_by"]:
            note(
                f"no live worker serves queue {shortened(queue['name'])}: "
                f"start one with {serving_hint(queue['name'])}"
            )


def collect(app: Celery) -> dict[str, Any]:
    """Return what `status` shows, for JSON; times are in seconds."""
    from taskhub.control.backlog import backlogs
    from taskhub.control.broadcast import live_worker_infos

    engine, worker_infos = app.engine, live_worker_infos(app)
    return {
        "store": {"url": store_address(app), "server": engine.ping()},
        "queues": [one._asdict() for one in backlogs(app, worker_infos)],
        "workers": [
            {
                "name": name,
                "node": worker_infos[name].node if name in worker_infos else name,
                "process": worker_infos[name].process if name in worker_infos else None,
                "threads": worker_infos[name].threads if name in worker_infos else None,
                "queues": list(worker_infos[name].queues) if name in worker_infos else [],
                "started": worker_infos[name].started if name in worker_infos else None,
                "version": worker_infos[name].version if name in worker_infos else None,
                "restarts": worker_infos[name].restarts if name in worker_infos else None,
                "restart_reason": worker_infos[name].restart_reason or None
                if name in worker_infos
                else None,
                "holds": len(engine.held(name)),
                "lease_left": left / 1000,
            }
            for name, left in sorted(engine.workers().items())
            if left > 0
        ],
        "dead_letters": engine.dead_count(),
    }


def store_address(app: Celery) -> str:
    """Return the masked address of the store of messages."""
    return app.engine.stores.broker.masked()
