"""Whether mail can be sent."""

from __future__ import annotations

import os
import smtplib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from taskhub.actors.mail.errors import translate_error
from taskhub.actors.mail.server import SmtpServer
from taskhub.actors.mail.session import open_session
from taskhub.health import Check

if TYPE_CHECKING:
    from taskhub.actors.mail.settings import MailSettings

__all__ = ("check_mail",)


def check_mail(settings: MailSettings, *, timeout: float = 5.0) -> Check:
    """Go all the way up to a mail: connect, greet, secure, log in; or look at the outbox.

    Args:
        settings: Where mail goes.
        timeout: Seconds for each answer of the server.
    """
    server = settings.server
    if server is None:
        return _check_outbox(settings.outbox)
    return _check_server(replace(server, timeout=min(timeout, server.timeout)))


def _check_server(server: SmtpServer) -> Check:
    started = time.monotonic()
    try:
        with open_session(server) as session:
            code, reply = session.noop()
            if code != 250:
                raise smtplib.SMTPResponseException(code, reply)
    except (smtplib.SMTPException, OSError) as error:
        translated = translate_error(error, server)
        seconds = time.monotonic() - started
        return Check(False, seconds, f"{server} {translated.what}", translated.remedy)
    secured = {"none": "not encrypted", "starttls": "STARTTLS", "tls": "TLS"}[server.security]
    user = f"logged in as {server.username}" if server.username else "no login"
    seconds = time.monotonic() - started
    return Check(True, seconds, f"{server} answers ({secured}, {user})")


def _check_outbox(outbox: Path) -> Check:
    nearest = outbox
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Check(
            False,
            0.0,
            f"no SMTP server is configured, and {nearest} can't be written to",
            "set TASKHUB_MAIL_OUTBOX to a directory that this user may write to, "
            "or TASKHUB_SMTP_URL to a server",
        )
    return Check(
        True,
        0.0,
        f"no SMTP server is configured: e-mail is written to {outbox}",
        "set TASKHUB_SMTP_URL, for example smtp://<user>:<password>@mail.example.com:587",
    )
