"""Mail settings: what the environment may say, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskhub.actors.mail.address import Address
from taskhub.actors.mail.exceptions import MailConfigurationError
from taskhub.actors.mail.server import SmtpServer, parse_smtp_url
from taskhub.actors.mail.settings import MailSettings
from taskhub.exceptions import ImproperlyConfigured
from tests.support.environment import read


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", {"host": "mail", "port": 25, "security": "none", "username": None}),
        ("smtp://mail:2525", {"port": 2525, "security": "none"}),
        ("smtp://mail:587", {"port": 587, "security": "starttls"}),
        ("smtp://mail:465", {"port": 465, "security": "tls"}),
        ("smtps://mail", {"port": 465, "security": "tls"}),
        ("smtp://mail?security=starttls", {"port": 587, "security": "starttls"}),
        ("smtp://mail?security=TLS", {"port": 465, "security": "tls"}),
        ("smtp://u:p@mail", {"port": 587, "security": "starttls", "username": "u"}),
        ("smtp://u:p@mail:25?security=none", {"port": 25, "security": "none"}),
        ("smtp://u@x.com:p%40%2Fw@mail", {"username": "u@x.com", "password": "p@/w"}),
        ("smtp://[::1]:25", {"host": "::1", "port": 25}),
        ("smtp://mail?timeout=2.5&local_hostname=me.x", {"timeout": 2.5, "local_hostname": "me.x"}),
    ],
)
def test_servers(url: str, expected: dict[str, Any]) -> None:
    server = parse_smtp_url(url)
    assert {name: getattr(server, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mail.example.com", "is not the address of an SMTP server"),
        ("http://mail", "is not the address of an SMTP server"),
        ("u:hunter2@mail", "is not the address of an SMTP server"),
        ("smtp://", "names no host"),
        ("smtp://mail:port", "no readable host or port"),
        ("smtp://mail:99999", "no readable host or port"),
        ("smtp://u:hunter2/3@mail", "percent-encode"),
        ("smtp://u:hunter2#3@mail", "percent-encode"),
        ("smtp://mail/path", "something after the host"),
        ("smtp://u@mail", "a user or a password alone"),
        ("smtp://:hunter2@mail", "a user or a password alone"),
        ("smtp://u:hunter2ü@mail", "not ASCII"),
        ("smtp://mail?security=ssl", "write none, starttls or tls"),
        ("smtps://mail?security=none", "use smtp://"),
        ("smtp://mail?tls=1", "unknown option 'tls'"),
        ("smtp://mail?timeout=0", "write seconds"),
        ("smtp://mail?timeout=nan", "write seconds"),
        ("smtp://mail?ca_file=/not/there.pem", "is not there"),
    ],
)
def test_servers_that_are_refused(url: str, complaint: str) -> None:
    with pytest.raises(MailConfigurationError, match=complaint) as caught:
        read(MailSettings, {"TASKHUB_SMTP_URL": url, "TASKHUB_MAIL_FROM": "a@example.com"})
    assert str(caught.value).startswith("TASKHUB_SMTP_URL: ")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ImproperlyConfigured)


def test_nothing_set_is_an_outbox() -> None:
    settings = read(MailSettings, {"TASKHUB_SMTP_URL": " "})
    assert settings == MailSettings()
    assert settings.server is None
    assert settings.outbox == Path(".taskhub/outbox")
    assert settings.sender == Address("taskhub@localhost")
    assert read(MailSettings, {}, home=Path("/srv")).outbox == Path("/srv/outbox")
    assert read(MailSettings, {"TASKHUB_HOME": "/h"}).outbox == Path("/h/outbox")


def test_everything_set(tmp_path: Path) -> None:
    settings = read(
        MailSettings,
        {
            "TASKHUB_SMTP_URL": "smtps://u:secret@mail",
            "TASKHUB_MAIL_FROM": "示例 <no-reply@example.com>",
            "TASKHUB_MAIL_OUTBOX": str(tmp_path / "out"),
            "TASKHUB_MAIL_LANGUAGE": "en",
            "TASKHUB_MAIL_TEMPLATES": str(tmp_path),
            "TASKHUB_MAIL_ADDRESS_TEMPLATE": "{username}@example.com",
            "TASKHUB_MAIL_ADDRESS_BOOK": "users:address",
            "TASKHUB_MAIL_REMEMBER_DAYS": "30",
        },
    )
    assert settings == MailSettings(
        server=SmtpServer("mail", 465, username="u", password="secret", security="tls"),
        sender=Address("no-reply@example.com", "示例"),
        outbox=tmp_path / "out",
        language="en",
        templates=tmp_path,
        address_template="{username}@example.com",
        address_book="users:address",
        remember_days=30,
    )
    assert "secret" not in repr(settings)
    assert str(settings.server) == "smtps://mail:465"


def test_the_user_may_be_the_sender() -> None:
    url = "smtp://me%40example.com:p@mail"
    settings = read(MailSettings, {"TASKHUB_SMTP_URL": url})
    assert settings.sender == Address("me@example.com")


def test_only_variables_that_are_documented_are_read() -> None:
    others = {
        "TASKHUB_MAIL_SENDER": "x@example.com",
        "TASKHUB_MAIL_SERVER": "smtp://mail",
        "TASKHUB_MAIL_HOME": "/x",
    }
    assert read(MailSettings, others) == MailSettings()


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"TASKHUB_SMTP_URL": "smtp://mail"}, "TASKHUB_MAIL_FROM is not set: write"),
        ({"TASKHUB_MAIL_FROM": "nobody"}, "TASKHUB_MAIL_FROM: 'nobody' is not an e-mail address"),
        ({"TASKHUB_MAIL_LANGUAGE": "../zh"}, "TASKHUB_MAIL_LANGUAGE: "),
        ({"TASKHUB_MAIL_TEMPLATES": "/not/there"}, "TASKHUB_MAIL_TEMPLATES: "),
        ({"TASKHUB_MAIL_REMEMBER_DAYS": "-1"}, "TASKHUB_MAIL_REMEMBER_DAYS: "),
        ({"TASKHUB_MAIL_REMEMBER_DAYS": "inf"}, "TASKHUB_MAIL_REMEMBER_DAYS: "),
    ],
)
def test_wrong_values(environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(MailConfigurationError, match=complaint):
        read(MailSettings, environment)
