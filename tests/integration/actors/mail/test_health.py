"""What `taskhub doctor` learns about mail."""

from __future__ import annotations

import socket
from pathlib import Path

from taskhub.actors.mail import MailSettings, check_mail, server
from tests.integration.actors.mail.conftest import LOGIN
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.servers import find_free_port
from tests.support.tls import Certificates

SENDER = "no-reply@example.com"


def settings(port: int) -> MailSettings:
    return MailSettings(server=server.SmtpServer("127.0.0.1", port), sender=SENDER)


def test_a_server_that_takes_mail(starttls_server: SmtpServer, certificates: Certificates) -> None:
    address = server.SmtpServer(
        host="localhost",
        port=starttls_server.port,
        username=LOGIN[0],
        password=LOGIN[1],
        security="starttls",
        ca_file=certificates.authority,
    )
    check = check_mail(MailSettings(server=address, sender=SENDER))
    assert check.ok
    assert check.detail.endswith(f"answers (STARTTLS, logged in as {LOGIN[0]})")
    assert check.advice is None
    assert starttls_server.received == []


def test_no_server_there() -> None:
    check = check_mail(settings(find_free_port()))
    assert not check.ok
    assert check.detail.endswith("refused the connection")
    assert check.advice == "start the server there, or correct host and port"


def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check = check_mail(settings(silent.getsockname()[1]), timeout=0.2)
    assert not check.ok
    assert "did not answer within 0.2 s" in check.detail
    assert check.seconds < 5


def test_no_server_configured(tmp_path: Path) -> None:
    check = check_mail(MailSettings(outbox=tmp_path / "outbox"))
    assert check.ok
    assert str(tmp_path / "outbox") in check.detail
    assert "TASKHUB_SMTP_URL" in (check.advice or "")
    assert not (tmp_path / "outbox").exists()
    occupied = tmp_path / "file"
    occupied.touch()
    check = check_mail(MailSettings(outbox=occupied / "outbox"))
    assert not check.ok
    assert "TASKHUB_MAIL_OUTBOX" in (check.advice or "")
