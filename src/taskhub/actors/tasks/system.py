"""The tasks that look after the system, on the queue `default`."""

from __future__ import annotations

import logging
import socket
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from taskhub.actors import services
from taskhub.actors.application import app
from taskhub.actors.host_load import TIMEOUT, host_load
from taskhub.actors.locks import only_run
from taskhub.actors.mail import MailConfigurationError, PermanentMailError, TransientMailError
from taskhub.actors.system.exceptions import (
    InvalidDayError,
    MemoryUnavailableError,
    SystemConfigurationError,
)
from taskhub.control import inspect_command

if TYPE_CHECKING:
    from taskhub.actors.system import SystemStatus

logger = logging.getLogger(__name__)

# So that a check, which runs on one host, can ask those on others.
inspect_command(default_timeout=TIMEOUT + 1)(host_load)


@app.task(
    bind=True,
    name="Modules.admin.tasks.default_tasks.check_system_status",
    queue="default",
    throws=(SystemConfigurationError,),
    track_started=True,
    soft_time_limit=240,
    time_limit=280,
)
def check_system_status(self: Any, notify: bool = True) -> dict[str, Any]:
    """Check hosts, services, queues, workers and schedulers; notify operators of what changed.

    Args:
        notify: whether operators are notified.

    Returns:
        `state` (`ok`, `warn`, `fail`), `problems`, and what was measured: `hosts`, `silent_hosts`,
            `services`, `queues`,
        `workers`, `scheduler`, `dead_letters`; `notice`: the notice to operators, if any.

    Raises:
        SystemConfigurationError: a variable of the environment is wrong.
    """
    from taskhub.actors.measurements import measure
    from taskhub.actors.system import SystemStatus, assess

    settings = services.status_settings()
    started, at = time.monotonic(), datetime.now(UTC)
    found = measure(services.prober())
    status = SystemStatus(
        at=at,
        host=socket.gethostname(),
        seconds=time.monotonic() - started,
        found=found,
        problems=assess(found, settings.thresholds),
    )
    return {**status.as_dict(), "notice": _notify(self, status) if notify else None}


def _notify(task: Any, status: SystemStatus) -> dict[str, Any] | None:
    """Notify operators, unless another run does; an error of that does not fail the check."""
    try:
        with only_run(task, "system status") as running:
            if running is not None:
                return {"mail": "skipped", "running": running}
            return services.operators().notify(status)
    except (MailConfigurationError, MemoryUnavailableError) as error:
        logger.warning("operators could not be notified, and will be at the next check: %s", error)
        return {"mail": "failed", "error": str(error)}


@app.task(
    bind=True,
    name="Modules.admin.tasks.default_tasks.clean_temp_files",
    queue="default",
    throws=(SystemConfigurationError,),
    track_started=True,
    soft_time_limit=3600,
    time_limit=3700,
)
def clean_temp_files(self: Any, dry_run: bool = False) -> dict[str, Any]:
    """Remove old files from the configured folders; never what links lead to.

    Args:
        dry_run: only look.

    Returns:
        `files`, `bytes`, `folders`: how many were removed; `errors` and `failed`: what could not
            be; `places`: the same
        by folder; of a dry run `examples`. While another call is at it: `state` `skipped` and
            `running`.

    Raises:
        SystemConfigurationError: a folder may not be cleaned, or a value is wrong; nothing was
            removed.
    """
    from taskhub.actors.system import clean

    with only_run(self, "clean temp files") as running:
        if running is not None:
            return {"state": "skipped", "running": running}
        return clean(services.cleaning_settings(), dry_run=dry_run).as_dict()


@app.task(
    bind=True,
    name="Modules.admin.tasks.default_tasks.send_daily_report",
    queue="default",
    autoretry_for=(TransientMailError,),
    # After 10, 20, 40 ... seconds, at most half an hour, each cut short at random: some hours in
    # all.
    retry_backoff=10,
    retry_backoff_max=1800,
    retry_jitter=True,
    max_retries=14,
    throws=(InvalidDayError, PermanentMailError, SystemConfigurationError),
    track_started=True,
    soft_time_limit=240,
    time_limit=280,
)
def send_daily_report(self: Any, day: str | None = None, again: bool = False) -> dict[str, Any]:
    """Send the report of a day by e-mail, to each recipient once, however often it is called.

    Args:
        day: `2024-01-31`; None: yesterday in the app's time zone.
        again: send it, even if it was sent before.

    Returns:
        `day`; `mail`: as the result of `send_email`; `done`, `failed`, `retried`, `tasks`: what it
            says; `charts`: their
        names; perhaps `remarks`. While another call is at it: `state` `skipped` and `running`.

    Raises:
        SystemConfigurationError: a variable of the environment is wrong, or nobody is to get it.
        InvalidDayError: `day` is none.
        TransientMailError: the server could not take it now, and no retries are left.
        PermanentMailError: the server will not take it.
    """
    from taskhub.actors.report_data import daily_report
    from taskhub.actors.system.daily_mail import send_report
    from taskhub.actors.system.operators import NOBODY, recipients_of

    settings, mailer = services.report_settings(), services.mailer()
    recipients = recipients_of(settings.recipients, mailer)
    if not recipients:
        raise SystemConfigurationError(f"the daily report is not sent: {NOBODY}")
    chosen = _day(day)
    with only_run(self, f"daily report {chosen}") as running:
        if running is not None:
            return {"day": f"{chosen}", "state": "skipped", "running": running}
        report = daily_report(chosen, settings, services.prober())
        key: str | None = f"daily-report:{app.conf.taskhub_namespace}:{chosen}"
        if again:
            # A call that runs again does not send again; one without an id cannot.
            key = f"{key}:{self.request.id}" if self.request.id else None
        receipt, contents = send_report(report, mailer, settings, recipients, key)
    counts = {name: getattr(report.total, name) for name in ("done", "failed", "retried")}
    tasks = len(report.tasks) + report.more
    return {"day": f"{chosen}", **counts, "tasks": tasks, **contents, "mail": receipt.as_dict()}


def _day(text: str | None) -> date:
    from taskhub.actors.system import yesterday

    if text is None:
        return yesterday(datetime.now(UTC), app.timezone)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidDayError(f"day: {text!r} is not a day: write for example 2024-01-31") from None
