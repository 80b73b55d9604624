"""E-mail addresses: read from what callers write, checked, in the form that goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from taskhub.actors.mail.exceptions import InvalidMailError
from taskhub.actors.mail.extra import load

__all__ = ("Address", "check_text", "parse_address", "parse_addresses")

# Everything that could end a header or hide from a reader of a log.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WITH_NAME: Final = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<>"]*))\s*<(?P<mailbox>[^<>]*)>'
)
_LONGEST_NAME: Final = 200
_LONGEST_SHOWN: Final = 100

#: Top labels that email-validator refuses, because no mail from outside gets there. The server of
#: a company or a developer may well deliver to them.
_INTERNAL_LABELS: Final = frozenset({"local", "localhost"})
_STAND_IN: Final = "internal"


class Address(NamedTuple):
    """Whom a mail is from or for.

    Args:
        mailbox: ``local@domain`` as the protocol wants it: the domain in ASCII (punycode).
        display_name: The name beside it; may be empty.
    """

    mailbox: str
    display_name: str = ""

    @property
    def domain(self) -> str:
        return self.mailbox.rpartition("@")[2]

    @property
    def needs_utf8(self) -> bool:
        """Whether the server must know SMTPUTF8 (RFC 6531): the local part is not ASCII."""
        return not self.mailbox.isascii()


def check_text(text: object, field: str) -> str:
    """Return a text that goes into a header, if it is on one line and has no control characters.

    Raises:
        InvalidMailError: It is not a text, or has such a character; so headers can't be
            injected.
    """
    if not isinstance(text, str):
        raise InvalidMailError(f"{field}: {_shown(text)} is not a text")
    found = _CONTROL.search(text)
    if found:
        raise InvalidMailError(
            f"{field}: {_shown(text)} has the control character {found[0]!r}: "
            "write it on one line, without control characters"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidMailError(
            f"{field}: {_shown(text)} is not valid Unicode: it has half of a surrogate pair"
        ) from None
    return text


def parse_address(text: str, field: str, *, bare: bool = False) -> Address:
    """Read one address.

    Args:
        text: ``a@example.com`` or ``Name <a@example.com>``; the domain may be international.
        field: What to call it in the error.
        bare: Whether it must be without a display name.

    Raises:
        InvalidMailError: It is not an address; the error names it and says why. Lengths are
        limited as by RFC 5321: 64 octets before the ``@``, 254 in all; 200 characters of name.
    """
    validator = load("email_validator")
    written = check_text(text, field).strip()
    named = None if bare else _WITH_NAME.fullmatch(written)
    mailbox, name = (named["mailbox"].strip(), _display_name(named)) if named else (written, "")
    if len(name) > _LONGEST_NAME:
        raise InvalidMailError(
            f"{field}: {_shown(written)} has a name of {len(name)} characters: "
            f"write at most {_LONGEST_NAME}"
        )
    head, label = _split_internal(mailbox)
    try:
        found = validator.validate_email(
            f"{head}{_STAND_IN}" if label else mailbox,
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
            strict=True,
        )
    except validator.EmailNotValidError as error:
        raise InvalidMailError(
            f"{field}: {_shown(written)} is not an e-mail address: {error}"
        ) from None
    domain = found.ascii_domain
    if label:
        domain = domain.removesuffix(_STAND_IN) + label
    return Address(f"{found.local_part}@{domain}", name)


def parse_addresses(value: str | Iterable[str], field: str) -> tuple[Address, ...]:
    """Read one or many addresses; a mailbox that is named twice counts once.

    Args:
        value: A text with addresses separated by ``,`` or ``;``, or several such texts.
        field: What to call it in the error.

    Raises:
        InvalidMailError: One of them is not an address.
    """
    texts: object = [value] if isinstance(value, str) else value
    if not isinstance(texts, Iterable):
        raise InvalidMailError(
            f"{field}: {_shown(value)} is neither an address nor a list of addresses"
        )
    addresses: dict[str, Address] = {}
    for text in texts:
        for piece in _pieces(check_text(text, field)):
            address = parse_address(piece, field)
            addresses.setdefault(address.mailbox, address)
    return tuple(addresses.values())


def _pieces(text: str) -> Iterator[str]:
    """Split at commas and semicolons outside of quotes and angle brackets; skip what is empty."""
    piece = ""
    quoted = bracketed = escaped = False
    for character in text:
        if character in ",;" and not quoted and not bracketed:
            if piece.strip():
                yield piece
            piece = ""
            continue
        piece += character
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "<>":
            bracketed = character == "<"
    if piece.strip():
        yield piece


def _display_name(named: re.Match[str]) -> str:
    if named["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", named["quoted"])
    return named["plain"].strip()


def _split_internal(mailbox: str) -> tuple[str, str]:
    """Split off the top label of an internal domain; the label is empty if it is another."""
    label = mailbox.rpartition("@")[2].rpartition(".")[2]
    if label.lower() not in _INTERNAL_LABELS:
        return mailbox, ""
    return mailbox[: -len(label)], label.lower()


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
