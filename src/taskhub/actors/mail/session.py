"""A session with an SMTP server: connected, secured, logged in."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from taskhub.actors.mail.server import SmtpServer

__all__ = ("open_session",)


@contextmanager
def open_session(server: SmtpServer) -> Generator[smtplib.SMTP]:
    """Connect, greet, secure and log in as the server needs it; say goodbye at the end.

    Raises:
        smtplib.SMTPException: The server refuses a step.
        OSError: It can't be reached, or took longer than `server.timeout` for an answer.
    """
    connection = _connect(server)
    try:
        if server.security == "starttls":
            connection.ehlo_or_helo_if_needed()
            connection.starttls(context=_tls_context(server))
        connection.ehlo_or_helo_if_needed()
        if server.username is not None:
            connection.login(server.username, server.password or "")
        yield connection
        _say_goodbye(connection)
    finally:
        connection.close()


def _connect(server: SmtpServer) -> smtplib.SMTP:
    own_name = server.local_hostname or _own_name()
    if server.security == "tls":
        return smtplib.SMTP_SSL(
            server.host,
            server.port,
            local_hostname=own_name,
            timeout=server.timeout,
            context=_tls_context(server),
        )
    return smtplib.SMTP(server.host, server.port, local_hostname=own_name, timeout=server.timeout)


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


def _tls_context(server: SmtpServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file)
