"""`taskhub status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import note, say_json, table
from taskhub.wording import duration

if TYPE_CHECKING:
    from taskhub.app.app import Celery


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.pass_context
def status(context: click.Context, as_json: bool) -> int:
    """Show the store, the queues, the workers, and how many messages were given up.

    Ends with 69 if there is no worker.
    """
    state = collect(load_app(context))
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
            "-" if queue["oldest"] is None else duration(queue["oldest"]),
            ", ".join(queue["served_by"]) or "nobody",
        )
        for queue in state["queues"]
    ]
    headings = ("name", "ready", "delayed", "oldest waits", "served by")
    table("Queues", headings, rows, "none was used yet")
    rows = [
        (
            worker["node"],
            worker["process"],
            worker["threads"],
            worker["holds"],
            f"{worker['lease_left']:.1f} s",
            ", ".join(worker["queues"]),
        )
        for worker in state["workers"]
    ]
    columns = ("node", "process", "threads", "holds", "lease", "queues")
    table("Workers", columns, rows, "none: start some with `taskhub worker`")
    dead = state["dead_letters"]
    click.echo(f"Dead letters  {dead}{' (taskhub dead list)' if dead else ''}")
    for queue in state["queues"]:
        if queue["ready"] and not queue["served_by"]:
            note(
                f"no live worker serves queue {queue['name']}: start one with `taskhub worker -Q {queue['name']}`"
            )


def collect(app: Celery) -> dict[str, Any]:
    """Return what `status` shows, for JSON; times are in seconds."""
    from taskhub.control.asking import live_cards
    from taskhub.control.backlog import backlogs

    engine, cards = app.engine, live_cards(app)
    return {
        "store": {"url": store_address(app), "server": engine.ping()},
        "queues": [one._asdict() for one in backlogs(app, cards)],
        "workers": [
            {
                "name": name,
                "node": cards[name].node if name in cards else name,
                "process": cards[name].process if name in cards else None,
                "threads": cards[name].threads if name in cards else None,
                "queues": list(cards[name].queues) if name in cards else [],
                "started": cards[name].started if name in cards else None,
                "version": cards[name].version if name in cards else None,
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
    from taskhub.engine.redis.engine import RedisEngine

    engine = app.engine
    return engine.broker_url.masked() if isinstance(engine, RedisEngine) else "memory://"
