"""Where composed mails are handed over: the port, and SMTP."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Iterator
from typing import Protocol

from taskhub.actors.mail.errors import explain, is_transient, reply_text
from taskhub.actors.mail.exceptions import PermanentMailError, TransientMailError
from taskhub.actors.mail.message import ComposedMail
from taskhub.actors.mail.receipt import Refusal, SendReceipt
from taskhub.actors.mail.server import SmtpServer
from taskhub.actors.mail.session import open_session

__all__ = ("SmtpTransport", "Transport")

_DONE = 250
_FORWARDS = 251
_SERVICE_CLOSES = 421


class Transport(Protocol):
    """Hands a mail over."""

    def send(self, mail: ComposedMail) -> SendReceipt:
        """Hand over a mail, and return what became of each recipient.

        Raises:
            TransientMailError: Nothing was accepted as far as is known; later it may be.
            PermanentMailError: Nothing was accepted, and it will not be.
        """
        ...


class SmtpTransport:
    """Sends through an SMTP server, each mail in a session of its own.

    Args:
        server: Which. May be used by several threads.
    """

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    def send(self, mail: ComposedMail) -> SendReceipt:
        """Send a mail; see :meth:`Transport.send`.

        The mail counts as accepted when the server answers so to its end (RFC 5321 4.2.5). If the
        connection is lost before that answer, the error's ``perhaps_sent`` is true.
        """
        content = mail.as_bytes()
        try:
            with open_session(self._server) as session:
                _announce(session, mail, size=len(content))
                refused = tuple(_refusals(session, mail.recipients))
                accepted = _without(refused, mail.recipients)
                if accepted:
                    self._hand_over(session, content)
        except (smtplib.SMTPException, OSError) as error:
            kind = TransientMailError if is_transient(error) else PermanentMailError
            raise kind(explain(error, self._server)) from error
        return SendReceipt(mail.message_id, str(self._server), accepted, refused)

    def _hand_over(self, session: smtplib.SMTP, content: bytes) -> None:
        try:
            code, reply = session.data(content)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise TransientMailError(
                f"{explain(error, self._server)}; it may have accepted the mail before that",
                perhaps_sent=True,
            ) from error
        if code != _DONE:
            raise smtplib.SMTPDataError(code, reply)


def _announce(session: smtplib.SMTP, mail: ComposedMail, *, size: int) -> None:
    options = [f"SIZE={size}"] if session.has_extn("size") else []
    if mail.needs_utf8:
        options += ["BODY=8BITMIME", "SMTPUTF8"]
    code, reply = session.mail(mail.sender, options)
    if code != _DONE:
        raise smtplib.SMTPSenderRefused(code, reply, mail.sender)


def _refusals(session: smtplib.SMTP, recipients: Iterable[str]) -> Iterator[Refusal]:
    for recipient in recipients:
        code, reply = session.rcpt(recipient)
        if code == _SERVICE_CLOSES:
            raise smtplib.SMTPResponseException(code, reply)
        if code not in (_DONE, _FORWARDS):
            yield Refusal(recipient, code, reply_text(reply))


def _without(refused: Iterable[Refusal], recipients: Iterable[str]) -> tuple[str, ...]:
    names = {refusal.recipient for refusal in refused}
    return tuple(recipient for recipient in recipients if recipient not in names)
