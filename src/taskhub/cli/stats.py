"""`taskhub stats`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from taskhub.app.stores import milliseconds
from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import say_json, table
from taskhub.humanize import duration, short_duration
from taskhub.statistics import Durations, Summary
from taskhub.statistics.tally import Subject

_UNITS = {"m": 1, "min": 1, "h": 60, "d": 24 * 60}


@app_command()
@click.option(
    "--since",
    default="1h",
    show_default=True,
    metavar="TIME",
    help="How far back: 15m, 1h, 2d. The store keeps as much as the setting statistics_expires "
    "says.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def stats(context: click.Context, since: str, as_json: bool) -> None:
    """Show counts, run times and wait times of tasks, by task and queue.

    Median and p95 (19 of 20 took no longer) are accurate within 19 percent.
    """
    minutes = parse_minutes(since)
    app = load_app(context)
    # The store has no more.
    kept = milliseconds(app.conf.statistics_expires) or 0
    minutes = min(minutes, max(kept // 60_000, 1))
    found = app.statistics(minutes)
    if as_json:
        say_json(
            {
                "minutes": minutes,
                "tasks": [
                    {**subject._asdict(), **as_numbers(summary)}
                    for subject, summary in found.items()
                ],
            }
        )
        return
    rows = [_row(subject, summary) for subject, summary in found.items()]
    columns = ("task", "queue", "done", "failed", "retried", "revoked", "ran", "waited")
    title = f"The last {duration(minutes * 60)}; durations: median, p95"
    table(title, columns, rows, "no task has ended")


def parse_minutes(text: str) -> int:
    """Return the minutes that a text such as "1h" stands for.

    Raises:
        CommandError: it stands for none.
    """
    found = re.fullmatch(r"(\d+)\s*(m|min|h|d)", text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise CommandError(
            f"--since {text!r} is no length of time: write 15m, 1h or 2d", exit_codes.USAGE
        )
    return int(found[1]) * _UNITS[found[2]]


def as_numbers(summary: Summary) -> Mapping[str, Any]:
    """Return a summary for JSON; durations in seconds."""
    counts = {
        name: getattr(summary, name)
        for name in ("done", "failed", "retried", "revoked", "ignored", "requeued")
    }
    return {**counts, "run": _durations(summary.run), "wait": _durations(summary.wait)}


def _durations(durations: Durations) -> dict[str, float | None]:
    return {"median": durations.median, "p95": durations.p95}


def _row(subject: Subject, summary: Summary) -> tuple[Any, ...]:
    return (
        *subject,
        *(summary.done, summary.failed, summary.retried, summary.revoked),
        _both(summary.run),
        _both(summary.wait),
    )


def _both(durations: Durations) -> str:
    if durations.median is None or durations.p95 is None:
        return "-"
    return f"{short_duration(durations.median)}, {short_duration(durations.p95)}"
