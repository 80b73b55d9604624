"""What can go wrong with e-mail, by whether trying again can help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.actors.extras import NotInstalledError
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.actors.mail.receipt import SendReceipt

__all__ = (
    "InvalidMailError",
    "MailConfigurationError",
    "MailError",
    "MailNotInstalledError",
    "PermanentMailError",
    "SentMarksError",
    "TransientMailError",
)


class MailError(Exception):
    """Base of the errors of the mail service.

    Args:
        message: One line: what is wrong and what to do; holds no secrets.
        receipt: What became of each recipient so far, if the server was asked about them.
    """

    def __init__(self, message: str, receipt: SendReceipt | None = None) -> None:
        super().__init__(message)
        self.receipt = receipt


class TransientMailError(MailError):
    """The mail, or its rest, could not be sent now; try again later.

    Args:
        message: One line: what is wrong.
        receipt: What became of each recipient so far.
        perhaps_sent: Whether the connection was lost between the end of the mail and the server's
            answer, so that the server may have accepted it.
    """

    def __init__(
        self, message: str, receipt: SendReceipt | None = None, *, perhaps_sent: bool = False
    ) -> None:
        super().__init__(message, receipt)
        self.perhaps_sent = perhaps_sent


class PermanentMailError(MailError):
    """The mail can't be sent, and trying again as it is won't change that."""


class InvalidMailError(PermanentMailError, ValueError):
    """The mail itself is wrong: an address, a header, a template's values."""


class MailConfigurationError(PermanentMailError, ImproperlyConfigured):
    """The mail settings can't be right as they are."""


class MailNotInstalledError(MailConfigurationError, NotInstalledError):
    """A library that e-mail needs is missing; the message says what to install."""


class SentMarksError(MailError):
    """What was sent can't be read or written, because the store of the marks is unreachable."""
