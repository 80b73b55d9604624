"""Checks of `taskhub doctor` for the shipped tasks: e-mail, operators, cache, market data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Final

from taskhub.actors.extras import NotInstalledError
from taskhub.health import Finding, Level

if TYPE_CHECKING:
    from taskhub import Celery

__all__ = ("CHECKS", "mail_line")

CheckFunction = Callable[["Celery"], Iterator[Finding]]


def _warns_of_extra(subject: str) -> Callable[[CheckFunction], CheckFunction]:
    """Let a check warn of an extra that is not installed: its tasks may not be used here."""

    def decorate(check: CheckFunction) -> CheckFunction:
        @wraps(check)
        def checked(app: Celery) -> Iterator[Finding]:
            try:
                yield from check(app)
            except NotInstalledError as error:
                what, _, remedy = str(error).rpartition(": ")
                yield Finding("warn", subject, what, remedy)

        return checked

    return decorate


@_warns_of_extra("e-mail")
def check_email(app: Celery) -> Iterator[Finding]:
    """See whether e-mail can be sent."""
    from taskhub.actors.system.probes import probe_email

    check = probe_email(app.home)
    # Without a server there is advice, too.
    level: Level = "fail" if not check.ok else "warn" if check.advice else "ok"
    yield Finding(level, "e-mail", check.detail, check.advice or "")


@_warns_of_extra("cache")
def check_cache(app: Celery) -> Iterator[Finding]:
    """See whether the cache that `clear_cache` clears can be reached."""
    from taskhub.actors.system.probes import probe_cache

    check = probe_cache(None)
    if check is None:
        yield Finding(
            "ok",
            "cache",
            "TASKHUB_CACHE_URL is not set: clear_cache works in the store of the messages",
        )
        return
    yield Finding("ok" if check.ok else "fail", "cache", check.detail, check.advice or "")


@_warns_of_extra("operators")
def check_operators(app: Celery) -> Iterator[Finding]:
    """Check that operators are configured and that the periodic tasks can do their work."""
    from taskhub.actors.mail import MailSettings
    from taskhub.actors.system import (
        CleaningSettings,
        ReportSettings,
        StatusSettings,
        SystemConfigurationError,
    )

    home = app.home
    try:
        status = StatusSettings(home=home)
        report = ReportSettings()
        folders = CleaningSettings(home=home).folders
    except SystemConfigurationError as error:
        what, _, remedy = str(error).rpartition(": ")
        yield Finding("fail", "operators", what, remedy)
        return
    cleaned = f"{', '.join(str(folder.path) for folder in folders)} cleaned of old files"
    if status.recipients and report.recipients:
        people = dict.fromkeys((*status.recipients, *report.recipients))
        yield Finding("ok", "operators", f"{', '.join(people)} notified of problems; {cleaned}")
    elif MailSettings(home=home).server is None:
        yield Finding("ok", "operators", f"notified of problems in the outbox; {cleaned}")
    else:
        yield Finding(
            "warn",
            "operators",
            f"nobody is notified of problems, or gets the daily report; {cleaned}",
            "set TASKHUB_OPERATORS, for example ops@example.com",
        )


@_warns_of_extra("market data")
def check_market_data(app: Celery) -> Iterator[Finding]:
    """See whether the database of market data can be reached, and has its tables."""
    from taskhub.actors.system.probes import probe_market_data

    check = probe_market_data(app.home)
    yield Finding("ok" if check.ok else "fail", "market data", check.detail, check.advice or "")


def mail_line(app: Celery) -> tuple[str, str]:
    """Return where e-mail goes, for `taskhub up`.

    Raises:
        MailConfigurationError: The settings are wrong.
    """
    from taskhub.actors import mail

    try:
        settings = mail.MailSettings(home=app.home)
    except NotInstalledError as error:
        return "e-mail", f"not sent: {error}"
    if settings.server is None:
        return "e-mail", f"written to {settings.outbox} (set TASKHUB_SMTP_URL to have it sent)"
    return "e-mail", f"sent by {settings.server}"


#: In the order in which they are reported.
CHECKS: Final = (check_email, check_operators, check_cache, check_market_data)
