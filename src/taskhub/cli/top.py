"""`taskhub top`: the overview of the dashboard in a terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from taskhub.cli.option_types import Seconds
from taskhub.cli.options import app_command
from taskhub.cli.store_view import open_store_view
from taskhub.exceptions import OperationalError
from taskhub.humanize import short_duration, size

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

#: Eight heights of a bar.
BARS: Final = " ▁▂▃▄▅▆▇█"
_WIDTH: Final = 60
_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@app_command()
@click.option(
    "--every", type=Seconds(0.5), default=2.0, show_default=True, metavar="SECONDS", help="Renew."
)
@click.option(
    "--span",
    type=click.Choice(["1h", "24h", "72h"]),
    default="1h",
    show_default=True,
    help="Look back.",
)
@click.option("--once", is_flag=True, help="Print it once, and end.")
def top(context: click.Context, every: float, span: str, once: bool) -> None:
    """Show what runs, waits and fails, renewed until Ctrl-C: for ssh."""
    from rich.console import Console
    from rich.live import Live

    from taskhub.web.queries.overview import get_overview

    store = open_store_view(context)
    console = Console()
    if once or not console.is_terminal:
        console.print(draw(get_overview(store, span=span), store.app.main or "tasks"))
        return
    shown: RenderableType = ""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            try:
                shown = draw(get_overview(store, span=span), store.app.main or "tasks")
                live.update(shown, refresh=True)
            except OperationalError as error:
                live.update(_away(shown, error), refresh=True)
            time.sleep(every)


def draw(found: dict[str, Any], name: str) -> Group:
    """Return the overview as rich draws it.

    Args:
        found: What `get_overview` returns.
        name: Of the app.
    """
    from rich.console import Group
    from rich.text import Text

    at = found["at"][11:19]
    head = Text.assemble(("taskhub", "bold"), f" / {name}   last {found['span']}   {at} UTC")
    return Group(
        head,
        _health(found),
        Text(),
        _figures(found["counts"]),
        Text(),
        _chart(found["series"]),
        Text(),
        _failing(found["failing"]),
        Text(),
        _workers(found["workers"]),
        Text(),
        _queues(found["queues"]),
    )


def _away(shown: RenderableType, error: OperationalError) -> Group:
    from rich.console import Group
    from rich.text import Text

    line = Text(f"The store does not answer: {error}", style="bold red")
    return Group(line, shown)


def _health(found: dict[str, Any]) -> Any:
    from rich.text import Text

    words = {
        "store_memory": "Store memory",
        "unserved_queue": "Unserved queue",
        "late_schedule": "Late schedule",
        "no_leader": "No leader",
        "leader": "Leader",
        "append_only_file": "Append-only file",
        "late_leases": "Late leases",
        "no_worker": "No worker",
        "paused_queue": "Paused queue",
    }
    text = Text()
    for item in found["health"]:
        label = words.get(item["id"], item["id"])
        text.append(f"{label} {item['text']}   ", style=_COLOURS[item["level"]])
    return text


def _figures(counts: dict[str, Any]) -> Table:
    from rich.table import Table

    oldest = counts["oldest_wait"]["seconds"]
    values = {
        "Waiting": f"{counts['waiting']['count']:,}",
        "Delayed": f"{counts['delayed']['count']:,}",
        "Running": f"{counts['running']['count']:,} of {counts['running']['threads']:,}",
        "Retrying": f"{counts['retrying']['count']:,}",
        "Failed": f"{counts['failed']['count']:,}",
        "Dead": f"{counts['dead']['count']:,}",
        "Ended": f"{counts['ended']['count']:,}",
        "Oldest wait": "" if oldest is None else short_duration(oldest),
        "Late leases": f"{counts['late_leases']['count']:,}",
    }
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in values:
        table.add_column(name)
    table.add_row(*values.values(), style="bold")
    return table


def _chart(series: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("per bin", "", "now", "most"):
        table.add_column(column)
    for kind, colour in (("succeeded", "green"), ("retried", "yellow"), ("failed", "red")):
        values = series["outcomes"][kind][-_WIDTH:]
        most = max(value for value in values if value is not None)
        table.add_row(kind, f"[{colour}]{bars(values)}[/]", str(values[-1]), str(most))
    for kind in ("wait", "run"):
        for percent in ("p50", "p95"):
            values = series[kind][percent][-_WIDTH:]
            known = [value for value in values if value is not None]
            last = short_duration(known[-1]) if known else ""
            most = short_duration(max(known)) if known else ""
            table.add_row(f"{kind} {percent}", f"[blue]{bars(values)}[/]", last, most)
    return table


def bars(values: Sequence[float | None]) -> str:
    """Return values as a line of bars, the highest of them full; what is not known is blank."""
    most = max((value for value in values if value is not None), default=0)
    if not most:
        return " " * len(values)
    last = len(BARS) - 1
    return "".join(
        " " if not value else BARS[max(1, round(value / most * last))] for value in values
    )


def _failing(failing: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    for column in ("Failing task", "error", "failed", "of runs", ""):
        table.add_column(column, justify="right" if column in ("failed", "of runs") else "left")
    for item in failing["items"]:
        part = f"{item['failed'] / item['runs']:.1%}" if item["runs"] else ""
        line = f"[red]{bars(item['series'][-24:])}[/]"
        table.add_row(item["task"], item["error"], f"{item['failed']:,}", part, line)
    if not failing["items"]:
        table.add_row("none", "", "", "", "")
    return table


def _workers(workers: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("Worker", "busy", "memory", "lease"):
        table.add_column(column, justify="left" if column == "Worker" else "right")
    for item in workers["items"]:
        memory = "" if item["memory"] is None else size(item["memory"])
        lease = "" if item["lease"] is None else short_duration(item["lease"])
        table.add_row(item["node"], f"{item['busy']} of {item['threads']}", memory, lease)
    return table


def _queues(queues: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("Queue", "waiting", "oldest", "in /s", "out /s"):
        table.add_column(column, justify="left" if column == "Queue" else "right")
    for item in queues["items"]:
        oldest = "" if item["oldest"] is None else short_duration(item["oldest"])
        rates = [
            "" if rate is None else f"{rate:.3g}" for rate in (item["in_rate"], item["out_rate"])
        ]
        table.add_row(item["name"], f"{item['ready']:,}", oldest, *rates)
    return table
