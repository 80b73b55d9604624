"""A session with an SMTP server: connected, secured, logged in."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from taskhub.mail.settings import MailSettings

__all__ = ("open_session",)


@contextmanager
def open_session(settings: MailSettings) -> Generator[smtplib.SMTP]:
    """Connect, greet, secure and log in as the settings say; say goodbye at the end.

    Raises:
        smtplib.SMTPException: The server refuses a step.
        OSError: It can't be reached, or took longer than ``settings.timeout`` for an answer.
    """
    connection = _connect(settings)
    try:
        if settings.security == "starttls":
            connection.ehlo_or_helo_if_needed()
            connection.starttls(context=_tls_context(settings))
        connection.ehlo_or_helo_if_needed()
        if settings.username is not None:
            connection.login(settings.username, settings.password or "")
        yield connection
        _say_goodbye(connection)
    finally:
        connection.close()


def _connect(settings: MailSettings) -> smtplib.SMTP:
    host = settings.host or ""
    own_name = settings.local_hostname or _own_name()
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            host,
            settings.port,
            local_hostname=own_name,
            timeout=settings.timeout,
            context=_tls_context(settings),
        )
    return smtplib.SMTP(host, settings.port, local_hostname=own_name, timeout=settings.timeout)


@cache
def _own_name() -> str:
    """Return this host's name, asked for once: where the DNS is broken, that takes seconds."""
    name = socket.getfqdn()
    # RFC 5321 4.1.4: who has no full name gives an address.
    return name if "." in name else "[127.0.0.1]"


def _say_goodbye(connection: smtplib.SMTP) -> None:
    # Nobody waits for the answer: a mail that was accepted has to be noted at once.
    try:
        connection.putcmd("quit")
    except (smtplib.SMTPException, OSError):
        return


def _tls_context(settings: MailSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)
