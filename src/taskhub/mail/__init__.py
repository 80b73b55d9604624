"""E-mail as a plain service: it knows nothing of tasks.

:class:`Mailer` sends an :class:`OutgoingMail` over SMTP, or writes it to files where no server is
configured, and not twice for one idempotency key.
"""

from __future__ import annotations

from taskhub.health import Check
from taskhub.mail.address import Address
from taskhub.mail.address_book import AddressBook
from taskhub.mail.exceptions import (
    InvalidMailError,
    MailConfigurationError,
    MailError,
    PermanentMailError,
    SentMarksError,
    TransientMailError,
)
from taskhub.mail.health import check_mail
from taskhub.mail.outgoing import Attachment, InlineImage, OutgoingMail
from taskhub.mail.receipt import Refusal, SendReceipt
from taskhub.mail.sent_marks import MemorySentMarks, RedisSentMarks, SentMarks
from taskhub.mail.service import Mailer
from taskhub.mail.settings import MailSettings
from taskhub.mail.transport import Transport

__all__ = (
    "Address",
    "AddressBook",
    "Attachment",
    "Check",
    "InlineImage",
    "InvalidMailError",
    "MailConfigurationError",
    "MailError",
    "MailSettings",
    "Mailer",
    "MemorySentMarks",
    "OutgoingMail",
    "PermanentMailError",
    "RedisSentMarks",
    "Refusal",
    "SendReceipt",
    "SentMarks",
    "SentMarksError",
    "TransientMailError",
    "Transport",
    "check_mail",
)
