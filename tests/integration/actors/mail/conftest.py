"""SMTP servers of all kinds, and a store for marks."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.servers import start_valkey
from tests.support.tls import Certificates

LOGIN = ("mailer@example.com", "p@ss/word")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def certificate(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    return context


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    """A plain server without a login."""
    with SmtpServer() as running:
        yield running


@pytest.fixture
def starttls_server(certificate: ssl.SSLContext) -> Iterator[SmtpServer]:
    """One that offers STARTTLS and wants a login after it."""
    with SmtpServer(certificate=certificate, login=LOGIN) as running:
        yield running


@pytest.fixture
def tls_server(certificate: ssl.SSLContext) -> Iterator[SmtpServer]:
    """One that speaks TLS from the first byte and wants a login."""
    with SmtpServer(certificate=certificate, tls=True, login=LOGIN) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[redis.Redis]:
    with (
        start_valkey(tmp_path) as running,
        redis.Redis.from_url(running.url) as client,
    ):
        yield client
