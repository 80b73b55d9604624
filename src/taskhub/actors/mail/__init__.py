"""E-mail as a plain service: it knows nothing of tasks.

`Mailer` sends an `OutgoingMail` over SMTP, or writes it to files where no server is configured, and
not twice for one idempotency key. The libraries of the extra `taskhub-core[mail]` are imported when
they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.actors.mail.address import Address
from taskhub.actors.mail.address_book import AddressBook
from taskhub.actors.mail.exceptions import (
    InvalidMailError,
    MailConfigurationError,
    MailError,
    MailNotInstalledError,
    PermanentMailError,
    SentMarksError,
    TransientMailError,
)
from taskhub.actors.mail.extra import MAIL
from taskhub.actors.mail.health import check_mail
from taskhub.actors.mail.outgoing_message import Attachment, InlineImage, OutgoingMail
from taskhub.actors.mail.receipt import Refusal, SendReceipt
from taskhub.actors.mail.sent_marks import MemorySentMarks, RedisSentMarks, SentMarks
from taskhub.actors.mail.service import Mailer
from taskhub.actors.mail.transport import Transport
from taskhub.health import Check

if TYPE_CHECKING:
    from taskhub.actors.mail.settings import MailSettings

__all__ = (
    "Address",
    "AddressBook",
    "Attachment",
    "Check",
    "InlineImage",
    "InvalidMailError",
    "MailConfigurationError",
    "MailError",
    "MailNotInstalledError",
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


def __getattr__(name: str) -> Any:
    return MAIL.resolve(__name__, name, {"MailSettings": "settings"})
