"""Headers as they go over the wire: encoded (RFC 2047) and folded.

The standard library's policies lose or add spaces where they fold encoded text (in Python 3.11 and
early 3.12), so subjects and names are encoded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from email.policy import EmailPolicy
from email.utils import quote
from typing import Any, Final

from taskhub.actors.mail.address import Address

__all__ = ("WIRE_POLICY", "encode_addresses", "encode_text")

_FOLD: Final = "\r\n"
_LINE_LENGTH: Final = 76
# What a name may not have outside of quotes (RFC 5322 3.2.3).
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9 !#$%&\'*+/=?^_`{|}~-]|^ | $|  ")
_ENCODED: Final = frozenset({"from", "to", "cc", "reply-to", "subject"})


class _WirePolicy(EmailPolicy):
    """Stores the headers that are encoded here as they are."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() in _ENCODED:
            return name, value
        return super().header_store_parse(name, value)


#: CRLF, and texts encoded so that servers without 8BITMIME take them, too.
WIRE_POLICY: Final = _WirePolicy(linesep=_FOLD, cte_type="7bit", refold_source="none")


def encode_text(text: str, header: str) -> str:
    """Return the value of a header with free text.

    Args:
        text: One line without control characters.
        header: The header's name, whose length counts for the first line.
    """
    if _is_plain(text) and len(header) + len(text) < _LINE_LENGTH:
        return text
    encoded = Header(text, "utf-8", maxlinelen=_LINE_LENGTH, header_name=header)
    return encoded.encode(linesep=_FOLD)


def encode_addresses(addresses: Iterable[Address]) -> str:
    """Return the value of a header with addresses, one on each line."""
    return f",{_FOLD} ".join(
        f"{_encode_name(address.display_name)} <{address.mailbox}>"
        if address.display_name
        else address.mailbox
        for address in addresses
    )


def _encode_name(name: str) -> str:
    if not _is_plain(name):
        return Header(name, "utf-8", maxlinelen=_LINE_LENGTH).encode(linesep=_FOLD)
    return f'"{quote(name)}"' if _SPECIAL.search(name) else name


def _is_plain(text: str) -> bool:
    # A text that looks encoded would be decoded by its readers.
    return text.isascii() and "=?" not in text
