"""Which errors may pass by themselves, and what is said of them."""

from __future__ import annotations

import smtplib
import socket
import ssl

import pytest

from taskhub.actors.mail.errors import explain, is_transient
from taskhub.actors.mail.server import SmtpServer

SERVER = SmtpServer("mail", 587, username="me", password="hunter2")


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        smtplib.SMTPConnectError(421, b"busy"),
        smtplib.SMTPResponseException(-1, b""),
        smtplib.SMTPSenderRefused(451, b"greylisted", "a@example.com"),
        smtplib.SMTPDataError(452, b"full"),
        smtplib.SMTPAuthenticationError(454, b"try later"),
        smtplib.SMTPRecipientsRefused({"a": (550, b"no"), "b": (450, b"later")}),
        ConnectionRefusedError(111, "refused"),
        ConnectionResetError(104, "reset"),
        BrokenPipeError(32, "pipe"),
        TimeoutError("timed out"),
        socket.gaierror(socket.EAI_AGAIN, "try again"),
        socket.gaierror(socket.EAI_NONAME, "not known"),
        OSError(113, "no route"),
        ssl.SSLEOFError(8, "EOF"),
        ssl.SSLZeroReturnError(6, "closed"),
    ],
)
def test_transient(error: Exception) -> None:
    assert is_transient(error)
    assert "hunter2" not in explain(error, SERVER)
    assert explain(error, SERVER).startswith("smtp://mail:587 ")


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPConnectError(554, b"no service"),
        smtplib.SMTPSenderRefused(550, b"not you", "a@example.com"),
        smtplib.SMTPDataError(554, b"spam"),
        smtplib.SMTPAuthenticationError(535, b"wrong"),
        smtplib.SMTPRecipientsRefused({"a": (550, b"no")}),
        smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."),
        smtplib.SMTPException("No suitable authentication method found."),
        ssl.SSLCertVerificationError(1, "certificate verify failed"),
        ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"),
        ValueError("other"),
        UnicodeEncodeError("ascii", "ü", 0, 1, "no"),
    ],
)
def test_permanent(error: Exception) -> None:
    assert not is_transient(error)


def test_a_server_s_words_are_one_line() -> None:
    error = smtplib.SMTPDataError(554, b"5.7.1 spam\r\nsee \x1b[31mhttps://x " + b"y" * 1000)
    text = explain(error, SERVER)
    assert "554 5.7.1 spam see [31mhttps://x" in text
    assert text.isprintable()
    assert len(text) < 500
