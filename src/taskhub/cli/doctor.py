"""`taskhub doctor`."""

from __future__ import annotations

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import say_json

_MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@app_command()
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each check.")
def doctor(context: click.Context, as_json: bool) -> int:
    """Check everything that taskhub needs, and say how to fix what is wrong.

    Looks at versions, stores, workers, e-mail, operators, the cache and market data. Ends with 1 if
    a check fails; warnings do not count.
    """
    from taskhub.cli.checks import all_checks
    from taskhub.cli.command_runner import one_line

    failed = False
    for finding in all_checks(load_app(context)):
        failed = failed or finding.level == "fail"
        if as_json:
            say_json(finding._asdict())
            continue
        mark, colour = _MARKS[finding.level]
        line = f"{click.style(mark, fg=colour)}  {finding.subject:<14} {one_line(finding.detail)}"
        click.echo(line)
        if finding.advice:
            click.echo(f"      {'':<14} -> {finding.advice}")
    return exit_codes.FAILURE if failed else exit_codes.OK
