"""A real SMTP server that keeps what it gets, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Received:
    """A mail that the server accepted."""

    sender: str
    recipients: list[str]
    content: bytes
    user: str | None
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        unix = self.content.replace(b"\r\n", b"\n")
        parsed = email.message_from_bytes(unix, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class Behaviour:
    """What the server does other than accept, changed by tests."""

    # Replies to RCPT, by recipient; others are accepted.
    to_recipients: dict[str, str] = field(default_factory=dict)
    # The reply to MAIL, and to the end of the content.
    to_sender: str = "250 OK"
    to_content: str = "250 OK"
    # Whether the connection breaks after the mail was accepted, before the reply.
    hang_up_after_content: bool = False
    # Whether the reply to the content never comes.
    silent_after_content: bool = False


class SmtpServer:
    """Serves on a port of its own until it is closed.

    Args:
        certificate: Offers STARTTLS with it.
        tls: TLS from the first byte instead.
        login: User and password that it wants.
        utf8: Whether it knows SMTPUTF8.
    """

    def __init__(
        self,
        *,
        certificate: ssl.SSLContext | None = None,
        tls: bool = False,
        login: tuple[str, str] | None = None,
        utf8: bool = True,
    ) -> None:
        self.received: list[Received] = []
        self.behaviour = Behaviour()
        self.connections = 0
        self._certificate = certificate
        self._tls = tls
        self._login = login
        self._utf8 = utf8
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._listening.wait(10):
            raise RuntimeError("the SMTP server does not listen")

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- What aiosmtpd calls ---

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.behaviour.to_sender.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.behaviour.to_sender

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.behaviour.to_recipients.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if not self.behaviour.to_content.startswith("250"):
            return self.behaviour.to_content
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(
            Received(
                envelope.mail_from or "",
                list(envelope.rcpt_tos),
                content,
                session.auth_data,
                session.ssl is not None or self._tls,
            )
        )
        if self.behaviour.silent_after_content:
            await self._closing.wait()
        if self.behaviour.hang_up_after_content:
            assert server.transport is not None
            server.transport.abort()
        return self.behaviour.to_content

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        name, password = data.login.decode(), data.password.decode()
        if (name, password) != self._login:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=name)

    # --- Serving ---

    def _run(self) -> None:
        # A connection that a test breaks is not worth a word.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await self._loop.create_server(
            self._protocol, "127.0.0.1", 0, ssl=self._certificate if self._tls else None
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._closing.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            loop=self._loop,
            hostname="mail.test",
            tls_context=None if self._tls else self._certificate,
            enable_SMTPUTF8=self._utf8,
            authenticator=self._authenticate if self._login else None,
            auth_required=self._login is not None,
            auth_require_tls=not self._tls,
        )
