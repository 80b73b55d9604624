"""`taskhub audit`: who changed what, of how many, and when."""

from __future__ import annotations

from collections.abc import Sequence

import click

from taskhub.cli.options import app_command
from taskhub.cli.output import note, on_one_line, say_json, table
from taskhub.cli.store_view import instant_text, open_store_view, problems_as_errors


@app_command()
@click.argument("conditions", metavar="[FILTER]...", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(1, 500),
    default=50,
    show_default=True,
    metavar="N",
    help="Show N.",
)
@click.option("--cursor", metavar="TEXT", help="Go on where another page has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each.")
def audit(
    context: click.Context,
    /,
    conditions: Sequence[str],
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """Show the audit log, the newest entry first.

    A filter is written as on the dashboard: by:ann did:retry on:mail from:dashboard since:7d.
    """
    from taskhub.web.queries.audit import list_audit

    store = open_store_view(context)
    with problems_as_errors():
        page = list_audit(store, text=" ".join(conditions), limit=limit, cursor=cursor)
    if as_json:
        for entry in page["items"]:
            say_json(entry)
        return
    rows = [
        (
            instant_text(store, entry["at"]),
            entry["who"],
            f"{entry['action']}{' denied' if entry['denied'] else ''}",
            on_one_line(entry["subject"]["name"]) or "-",
            on_one_line(entry["how"]) or "-",
            "-" if entry["done"] is None else str(entry["done"]),
            " ".join(filter(None, (entry["source"], entry["address"]))),
        )
        for entry in page["items"]
    ]
    columns = ("time", "who", "did", "to what", "how", "tasks", "from")
    table("Audit log", columns, rows, "none", cut=("to what", "how"))
    if page["next"]:
        note(f"{len(rows)} of {page['total']}: --cursor {page['next']} shows the next")
