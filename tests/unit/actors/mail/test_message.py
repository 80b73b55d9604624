"""From a mail to the message on the wire."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.actors.mail.address import Address
from taskhub.actors.mail.exceptions import InvalidMailError
from taskhub.actors.mail.message import ComposedMail, compose, message_id
from taskhub.actors.mail.outgoing_message import Attachment, InlineImage, OutgoingMail

SENDER = Address("no-reply@example.com", "示例")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

# What may stand in a header.
LINES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=150
).filter(lambda text: text.strip() == text)


def composed(key: str | None = None, **changes: Any) -> ComposedMail:
    values = {"to": "a@example.com", "subject": "s", "text": "t", **changes}
    return compose(OutgoingMail(**values), SENDER, now=NOW, idempotency_key=key)


def structure(mail: ComposedMail) -> Any:
    """Return the content types of a mail's parts."""

    def of(part: Any) -> Any:
        if not part.is_multipart():
            return part.get_content_type()
        return (part.get_content_subtype(), *(of(one) for one in part.iter_parts()))

    return of(email.message_from_bytes(mail.as_bytes(), policy=email.policy.default))


IMAGE = InlineImage("chart", b"png")
FILE = Attachment("a.pdf", b"pdf", "application/pdf")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "text/plain"),
        ({"text": None, "html": "h"}, "text/html"),
        ({"html": "h"}, ("alternative", "text/plain", "text/html")),
        (
            {"html": "h", "inline_images": (IMAGE, InlineImage("b", b"", "image/svg+xml"))},
            (
                "alternative",
                "text/plain",
                ("related", "text/html", "image/png", "image/svg+xml"),
            ),
        ),
        (
            {"html": "h", "inline_images": (IMAGE,), "attachments": (FILE, FILE)},
            (
                "mixed",
                ("alternative", "text/plain", ("related", "text/html", "image/png")),
                "application/pdf",
                "application/pdf",
            ),
        ),
        ({"attachments": (FILE,)}, ("mixed", "text/plain", "application/pdf")),
        (
            {"attachments": (Attachment("a.eml", b"x", "message/rfc822"),)},
            ("mixed", "text/plain", "application/octet-stream"),
        ),
    ],
)
def test_structure(changes: dict[str, Any], expected: Any) -> None:
    assert structure(composed(**changes)) == expected


def test_headers() -> None:
    mail = composed("task-1", to="a@example.com, b@example.com", bcc="c@example.com")
    raw = mail.as_bytes()
    assert mail.recipients == ("a@example.com", "b@example.com", "c@example.com")
    assert raw.isascii()
    assert b"c@example.com" not in raw
    assert b"\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\n" in raw
    assert b"\nAuto-Submitted: auto-generated\r\n" in raw
    assert raw.count(b"\nTo: ") == 1


def test_a_mail_to_hidden_recipients_only_has_a_to_header() -> None:
    mail = composed(to="", bcc="c@example.com")
    assert b"To: undisclosed-recipients:;\r\n" in mail.as_bytes()
    assert mail.recipients == ("c@example.com",)


def test_a_recipient_who_is_named_twice_is_one() -> None:
    assert composed(to="a@x.com", cc="A <a@x.com>", bcc="a@x.com").recipients == ("a@x.com",)


def test_the_message_id_follows_from_the_key() -> None:
    assert message_id("x.com", "k") == message_id("x.com", "k") != message_id("x.com", "l")
    assert message_id("x.com", None) != message_id("x.com", None)
    assert composed("k").message_id == message_id("example.com", "k")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"to": ()}, "there is no recipient"),
        ({"to": "nobody"}, "to: 'nobody' is not an e-mail address"),
        ({"reply_to": "x"}, "reply_to: "),
        ({"sender": "x"}, "sender: "),
        ({"subject": "a\r\nBcc: x@example.com"}, "subject: .* control character"),
        ({"subject": "a\nb"}, "subject: .* control character"),
        ({"subject": "a\rb"}, "subject: .* control character"),
        ({"subject": "a\x00b"}, "subject: .* control character"),
        ({"subject": 1}, "subject: 1 is not a text"),
        ({"subject": "x" * 501}, "at most 500"),
        ({"text": None}, "no html either"),
        ({"text": b"bytes"}, "text: it is a bytes"),
        ({"text": "\ud800"}, "surrogate"),
        ({"inline_images": (IMAGE,)}, "no html that could show"),
        ({"html": "h", "inline_images": (InlineImage("a b", b""),)}, "a content id has"),
        ({"html": "h", "inline_images": (InlineImage("a", b"", "text/html"),)}, "of an image"),
        ({"attachments": (Attachment("../a", b""),)}, "without a path"),
        ({"attachments": (Attachment("a\r\nX: y", b""),)}, "control character"),
        ({"attachments": (Attachment("a", b"", "pdf"),)}, "is not a content type"),
        ({"attachments": (Attachment("a", "text"),)}, "is a str, not bytes"),  # type: ignore[arg-type]
    ],
)
def test_what_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidMailError, match=complaint):
        composed(**changes)


@given(subject=LINES, name=LINES)
def test_subjects_and_names_arrive_as_they_were_written(subject: str, name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    mail = composed(subject=subject, to=f'"{quoted}" <a@example.com>', cc="b@example.com")
    raw = mail.as_bytes()
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
    received = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert str(make_header(decode_header(received["Subject"]))) == subject
    assert set(received.keys()) == {
        *("From", "To", "Cc", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    }
    to = email.message_from_bytes(raw, policy=email.policy.default)["To"]
    assert [address.addr_spec for address in to.addresses] == ["a@example.com"]
    shown, mailbox = parseaddr(received["To"])
    assert mailbox == "a@example.com"
    assert str(make_header(decode_header(shown))) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_texts_arrive_as_they_were_written(text: str) -> None:
    received = email.message_from_bytes(composed(text=text).as_bytes(), policy=email.policy.default)
    body = received.get_content()
    assert body.replace("\r\n", "\n").rstrip("\n") == (
        text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    )
