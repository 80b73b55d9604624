"""From a mail as its writer thinks of it to the message and envelope that go over the wire."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from typing import Final

from taskhub.actors.mail.address import Address, check_text, parse_address, parse_addresses
from taskhub.actors.mail.exceptions import InvalidMailError
from taskhub.actors.mail.headers import WIRE_POLICY, encode_addresses, encode_text
from taskhub.actors.mail.outgoing_message import Attachment, InlineImage, OutgoingMail

__all__ = ("ComposedMail", "compose", "message_id")

#: Longer subjects are a mistake of the caller: a text in the wrong place.
_LONGEST_SUBJECT: Final = 500
_CONTENT_TYPE: Final = re.compile(r"(?P<main>[A-Za-z0-9.+-]+)/(?P<sub>[A-Za-z0-9.+-]+)")
_CONTENT_ID: Final = re.compile(r"[A-Za-z0-9._+-]+(@[A-Za-z0-9.-]+)?")


@dataclass(frozen=True)
class ComposedMail:
    """A message in its envelope.

    Args:
        sender: The return path.
        recipients: The mailboxes that it goes to, those of ``bcc`` included.
        message: What they receive.
        needs_utf8: Whether the server must know SMTPUTF8, because a mailbox is not ASCII.
    """

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    needs_utf8: bool

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    def to(self, recipients: tuple[str, ...]) -> ComposedMail:
        """Return the same message for some of the recipients."""
        return replace(self, recipients=recipients)

    def as_bytes(self) -> bytes:
        """Return the message as it goes over the wire, with CRLF line ends."""
        return self.message.as_bytes(policy=WIRE_POLICY.clone(utf8=self.needs_utf8))


def compose(
    mail: OutgoingMail, sender: Address, *, now: datetime, idempotency_key: str | None = None
) -> ComposedMail:
    """Check a mail and build its message.

    Args:
        mail: The mail.
        sender: In whose name, if the mail doesn't say.
        now: The time for its ``Date``, with a time zone.
        idempotency_key: What makes the same mail the same; None: every call makes another.

    Raises:
        InvalidMailError: An address is wrong, a header has a line break or control character, there
            is no recipient or no text, or a file has no usable name or type.
    """
    if mail.sender is not None:
        sender = parse_address(mail.sender, "sender")
    to = parse_addresses(mail.to, "to")
    cc = parse_addresses(mail.cc, "cc")
    bcc = parse_addresses(mail.bcc, "bcc")
    reply_to = parse_addresses(mail.reply_to, "reply_to")
    recipients = tuple(dict.fromkeys(address.mailbox for address in (*to, *cc, *bcc)))
    if not recipients:
        raise InvalidMailError("to: there is no recipient: name at least one address")
    message = EmailMessage(policy=WIRE_POLICY)
    message["From"] = encode_addresses([sender])
    for name, addresses in (("To", to), ("Cc", cc), ("Reply-To", reply_to)):
        if addresses:
            message[name] = encode_addresses(addresses)
    if not to and not cc:
        message["To"] = "undisclosed-recipients:;"
    message["Subject"] = encode_text(_subject(mail.subject), "Subject")
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(sender.domain, idempotency_key)
    # So that absence notices don't answer a program (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    _add_body(message, mail)
    for attachment in mail.attachments:
        _attach(message, attachment)
    needs_utf8 = any(address.needs_utf8 for address in (sender, *to, *cc, *bcc, *reply_to))
    return ComposedMail(sender.mailbox, recipients, message, needs_utf8)


def message_id(domain: str, idempotency_key: str | None) -> str:
    """Return a ``Message-ID``: always the same for one key, so that receivers drop duplicates."""
    if idempotency_key is None:
        unique = uuid.uuid4().hex
    else:
        unique = hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]
    return f"<{unique}@{domain}>"


def _subject(text: str) -> str:
    subject = check_text(text, "subject").strip()
    if len(subject) > _LONGEST_SUBJECT:
        raise InvalidMailError(
            f"subject: it has {len(subject)} characters: write at most {_LONGEST_SUBJECT}"
        )
    return subject


def _add_body(message: EmailMessage, mail: OutgoingMail) -> None:
    for name, text in (("text", mail.text), ("html", mail.html)):
        if text is not None and not isinstance(text, str):
            raise InvalidMailError(f"{name}: it is a {type(text).__name__}, not a text")
    if mail.text is None and mail.html is None:
        raise InvalidMailError("text: there is none, and no html either: write one of them")
    if mail.inline_images and mail.html is None:
        raise InvalidMailError("inline_images: there is no html that could show them")
    if mail.html is None:
        message.set_content(_encodable(mail.text or "", "text"))
        return
    html = _encodable(mail.html, "html")
    if mail.text is None:
        message.set_content(html, subtype="html")
    else:
        message.set_content(_encodable(mail.text, "text"))
        message.add_alternative(html, subtype="html")
    part = message.get_body(preferencelist=("html",))
    assert part is not None  # it was just added
    for image in mail.inline_images:
        _show(part, image)


def _show(part: MIMEPart, image: InlineImage) -> None:
    if not _CONTENT_ID.fullmatch(image.content_id):
        raise InvalidMailError(
            f"inline image {image.content_id!r}: a content id has letters, digits, '.', '-', '_'"
        )
    field = f"inline image {image.content_id!r}"
    main, sub = _content_type(image.content_type, field)
    if main != "image":
        raise InvalidMailError(f"{field}: {image.content_type} is not the type of an image")
    part.add_related(
        _content(image.content, field),
        maintype=main,
        subtype=sub,
        cid=f"<{image.content_id}>",
        disposition="inline",
        filename=f"{image.content_id}.{sub.partition('+')[0]}",
    )


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    name = check_text(attachment.name, "attachment")
    if not name.strip() or "/" in name or "\\" in name:
        raise InvalidMailError(f"attachment {name!r}: give it a file name without a path")
    field = f"attachment {name!r}"
    main, sub = _content_type(attachment.content_type, field)
    if main in ("multipart", "message"):
        # These have an encoding of their own, which bytes can't be put into.
        main, sub = "application", "octet-stream"
    message.add_attachment(
        _content(attachment.content, field), maintype=main, subtype=sub, filename=name
    )


def _content_type(text: object, field: str) -> tuple[str, str]:
    match = _CONTENT_TYPE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidMailError(
            f"{field}: {text!r} is not a content type: write for example application/pdf"
        )
    return match["main"].lower(), match["sub"].lower()


def _content(content: object, field: str) -> bytes:
    if not isinstance(content, bytes | bytearray | memoryview):
        raise InvalidMailError(f"{field}: its content is a {type(content).__name__}, not bytes")
    return bytes(content)


def _encodable(text: str, field: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidMailError(
            f"{field}: it is not valid Unicode: it has half of a surrogate pair"
        ) from None
    return text
