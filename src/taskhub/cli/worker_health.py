"""`taskhub worker --healthcheck`."""

from __future__ import annotations

from pathlib import Path

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.worker.supervisor.pidfile import read_pidfile
from taskhub.worker.supervisor.status import WorkerStatus, find_supervisors, read_status

#: `live`: its supervisor works; `ready`: it takes tasks, too.
PROBES = ("ready", "live")


def check(probe: str, nodename: str | None, pidfile: Path | None) -> int:
    """Print one line on this user's workers on this host; return 0 if all are well, else 1.

    Args:
        probe: one of `PROBES`.
        nodename: the only worker to query; None: all.
        pidfile: names its supervisor; None: look for them.

    Raises:
        CommandError: there is none.
    """
    if pidfile is None:
        processes = find_supervisors()
    else:
        process = read_pidfile(pidfile)
        if process is None:
            raise CommandError(f"{pidfile} names no process: the worker does not run")
        processes = [process]
    answers = [answer for process in processes if (answer := query(process)) is not None]
    found = [answer for answer in answers if nodename in (None, answer.nodename)]
    if not found:
        raise CommandError("no worker of this user and name runs here")
    wrong = [
        f"{answer.summary}: {why}"
        for answer in found
        if probe == "ready" and (why := answer.unreadiness) is not None
    ]
    click.echo("; ".join(wrong or [answer.summary for answer in found]))
    return exit_codes.FAILURE if wrong else exit_codes.OK


def query(process: int) -> WorkerStatus | None:
    """Return how the worker of a supervisor is; None: there is no such supervisor.

    Raises:
        CommandError: it does not answer.
    """
    try:
        return read_status(process)
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = f"the supervisor (process {process}) does not answer: {error}"
        raise CommandError(what) from error
