"""A mail as its writer thinks of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ("Attachment", "InlineImage", "OutgoingMail")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail.

    Args:
        name: The file's name, without a path.
        content: Its bytes.
        content_type: For example ``application/pdf``.
    """

    name: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class InlineImage:
    """A picture that the HTML shows: ``<img src="cid:chart">``.

    Args:
        content_id: The name in the HTML after ``cid:``.
        content: Its bytes.
        content_type: For example ``image/png``.
    """

    content_id: str
    content: bytes
    content_type: str = "image/png"


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """A mail to send. Addresses are ``a@example.com`` or ``Name <a@example.com>``.

    Args:
        to: One address, several in one text separated by commas, or a list.
        subject: One line.
        text: The plain text; None only if there is ``html``.
        html: The same as HTML, or None.
        cc: Further recipients, whom everyone sees.
        bcc: Further recipients, whom nobody sees: they are in no header.
        reply_to: Where answers go, if not to the sender.
        sender: In whose name; None: the settings'.
        attachments: Files that go with it.
        inline_images: Pictures that ``html`` shows.
    """

    to: str | Iterable[str]
    subject: str
    text: str | None = None
    html: str | None = None
    cc: str | Iterable[str] = ()
    bcc: str | Iterable[str] = ()
    reply_to: str | Iterable[str] = ()
    sender: str | None = None
    attachments: tuple[Attachment, ...] = ()
    inline_images: tuple[InlineImage, ...] = ()
