"""`taskhub status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import say_json, table

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: Dead letters are counted up to here.
COUNTED = 1000


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Show the store, the queues, the workers, and how many messages were given up."""
    state = collect(load_app(context))
    if as_json:
        say_json(state)
        return
    store = state["store"]
    click.echo(f"Store  {store['url']} ({store['server']})")
    rows: list[Any] = [
        (queue["name"], queue["ready"], queue["delayed"]) for queue in state["queues"]
    ]
    table("Queues", ("name", "ready", "delayed"), rows, "none was used yet")
    rows = [
        (worker["name"], worker["holds"], f"{worker['lease_left']:.1f} s")
        for worker in state["workers"]
    ]
    table("Workers", ("name", "holds", "lease"), rows, "none: start some with `taskhub worker`")
    dead = state["dead_letters"]
    more = " or more" if dead == COUNTED else ""
    click.echo(f"Dead letters  {dead}{more}{' (taskhub dead list)' if dead else ''}")


def collect(app: Celery) -> dict[str, Any]:
    """Return what `status` shows, for JSON."""
    engine = app.engine
    return {
        "store": {"url": store_address(app), "server": engine.ping()},
        "queues": [{"name": name, **count._asdict()} for name, count in engine.queues().items()],
        "workers": [
            {"name": name, "holds": len(engine.held(name)), "lease_left": left / 1000}
            for name, left in sorted(engine.workers().items())
            if left > 0
        ],
        "dead_letters": len(engine.dead_letters(0, COUNTED)),
    }


def store_address(app: Celery) -> str:
    """Return the masked address of the store of messages."""
    from taskhub.engine.redis.engine import RedisEngine

    engine = app.engine
    return engine.broker_url.masked() if isinstance(engine, RedisEngine) else "memory://"
