"""`taskhub migrate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.output import say_json
from taskhub.config.urls import mask_url
from taskhub.humanize import counted

if TYPE_CHECKING:
    from taskhub_migration import Report
    from taskhub_migration.command_lines import Commands, Option

_LEVELS = ("unsupported", "differs", "without-effect", "unverified")
_TITLES = {
    "unsupported": ("Not supported: these have to change", "red"),
    "differs": ("Works, and means something else", "yellow"),
    "without-effect": ("Accepted, changes nothing", "cyan"),
    "unverified": ("Cannot be seen from outside: look by hand", "magenta"),
}
#: Options of a worker that mean something else, and what to do.
_DIFFERING = {
    "--beat": (
        "the scheduler is a process beside the worker; any number of workers may have one",
        "nothing: each job is sent once, however many there are",
    ),
    "--schedule": ("what ran last is in the store, not in a file", "remove it"),
}
#: What is said of how much work a finding is.
_WORK = {
    "rework": " (work: a part to be written anew)",
    "look": " (work: a look at each place)",
    "line": " (work: a line at each place)",
    "nothing": " (no work)",
}
#: How many places of one matter are shown.
_PLACES = 12


@click.group()
def migrate() -> None:
    """Move a program from Celery to taskhub."""


@migrate.command(
    epilog="Exit codes: 0 nothing was found, 1 there is something to look at, 2 wrong usage. "
    "docs/migrating.md says how to move a program."
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one line of JSON for each finding, and one of counts.",
)
@click.option(
    "--only",
    "levels",
    multiple=True,
    type=click.Choice(_LEVELS),
    help="Show, and count for the exit code, only findings of this level; may be repeated.",
)
def check(path: Path, as_json: bool, levels: tuple[str, ...]) -> int:
    """Report each use of Celery in a code base that is unsupported or differs, and what to do.

    Reads Python, settings, requirements, shell scripts, Dockerfiles, compose files, Procfiles and
    units below PATH (or PATH itself). Nothing of it is run or imported; what cannot be seen that
    way is listed, too.
    """
    from taskhub_migration import Level
    from taskhub_migration import check as check_path

    try:
        report = check_path(path, supported_commands())
    except FileNotFoundError:
        raise CommandError(
            f"there is nothing at {path}: name a directory or a file", exit_codes.USAGE
        ) from None
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}: check its permissions", exit_codes.USAGE
        ) from None
    if report.files == 0:
        raise CommandError(
            f"there is nothing to read in {path}: no Python, scripts or settings", exit_codes.USAGE
        )
    shown = report.only(Level(level) for level in levels) if levels else report
    if as_json:
        _say_json(shown, report)
    else:
        _say(shown, report)
    return exit_codes.FAILURE if shown.findings else exit_codes.OK


def supported_commands() -> Commands:
    """Return the commands that there are, with their options, as `celery` itself declares them."""
    from taskhub.cli import scheduler, unsupported_commands, worker_settings
    from taskhub.cli.group import LazyGroup
    from taskhub.cli.program import CELERY

    group = LazyGroup(CELERY)
    context = click.Context(group, info_name=CELERY)
    found: dict[str, Mapping[str, Option] | str] = dict(unsupported_commands.INSTEAD)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or name in unsupported_commands.INSTEAD:
            continue
        without_effect = {
            "worker": worker_settings.WITHOUT_EFFECT,
            "beat": scheduler.WITHOUT_EFFECT,
        }.get(name, {})
        differing = _DIFFERING if name == "worker" else {}
        found[name] = _options(command, without_effect, differing)
    return found


def _options(
    command: click.Command,
    without_effect: Mapping[str, str],
    differing: Mapping[str, tuple[str, str]],
) -> Mapping[str, Option]:
    from taskhub_migration.command_lines import Option
    from taskhub_migration.finding import Level

    options: dict[str, Option] = {}
    for parameter in command.params:
        if not isinstance(parameter, click.Option):
            continue
        found = Option(not parameter.is_flag and not parameter.count)
        keys = (
            parameter.name or "",
            *parameter.opts,
            *(name.strip("-") for name in parameter.opts),
        )
        for key in keys:
            if key in without_effect:
                message = f"accepted, changes nothing: {without_effect[key]}"
                found = replace(
                    found, level=Level.WITHOUT_EFFECT, message=message, advice="remove it"
                )
            elif key in differing:
                message, advice = differing[key]
                found = replace(found, level=Level.DIFFERS, message=message, advice=advice)
        options.update(dict.fromkeys((*parameter.opts, *parameter.secondary_opts), found))
    return options


def _say_json(shown: Report, report: Report) -> None:
    for finding in shown.findings:
        say_json(
            {
                "level": finding.level.value,
                "path": finding.path,
                "line": finding.line,
                "subject": finding.subject,
                "message": mask_url(finding.message),
                "advice": finding.advice,
                "work": finding.work.value,
            }
        )
    say_json(
        {
            "files": report.files,
            "using": report.using,
            "counts": {level.value: count for level, count in report.counts().items()},
            "work": {work.value: count for work, count in report.work().items()},
            "passed_over": dict(report.passed_over),
        }
    )


def _say(shown: Report, report: Report) -> None:
    from taskhub_migration.finding import Work

    level = None
    for finding, places in shown.by_subject():
        if finding.level != level:
            level = finding.level
            title, colour = _TITLES[level.value]
            click.secho(f"{title}\n", fg=colour, bold=True)
        click.echo(f"  {finding.subject}: {mask_url(finding.message)}")
        click.echo(f"    -> {finding.advice}{_WORK[finding.work.value]}")
        for place in places[:_PLACES]:
            click.echo(f"       {place}")
        if len(places) > _PLACES:
            click.echo(f"       and {len(places) - _PLACES} more (--json lists all)")
        click.echo("")
    if report.passed_over:
        listed = ", ".join(f"{path} ({reason})" for path, reason in report.passed_over[:8])
        more = len(report.passed_over) - 8
        click.echo(f"not looked into: {listed}{f', and {more} more' if more > 0 else ''}")
    counts = ", ".join(f"{count} {name}" for name, count in report.counts().items())
    click.echo(f"{counted(report.files, 'file')} read, {report.using} with Celery: {counts}")
    if report.findings:
        work = report.work()
        click.echo(
            f"work: {counted(work[Work.REWORK], 'place')} to write anew, "
            f"{counted(work[Work.LINE], 'line')} to change, "
            f"{counted(work[Work.LOOK], 'place')} to look at"
        )
    if not report.findings:
        click.echo(
            "Nothing was found. What a program does when it runs is not seen from outside: run "
            "its tests, too."
        )
