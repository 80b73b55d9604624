"""The stamps whose tasks are revoked, as a worker process knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from taskhub.worker.context import Context


class RevokedStamps:
    """Kept up to date with the store by the mailbox; read whenever a stamped task is to begin."""

    def __init__(self) -> None:
        self._stamps: frozenset[tuple[str, str]] = frozenset()

    def replace(self, stamps: Iterable[tuple[str, str]]) -> None:
        """Take over what the store remembers."""
        self._stamps = frozenset(stamps)

    def cover(self, request: Context) -> bool:
        """Whether a request carries one of them."""
        return bool(self._stamps) and not self._stamps.isdisjoint(stamps_of(request))


def stamps_of(request: Context) -> set[tuple[str, str]]:
    """Return the stamps of a request: header and value."""
    return set(flat(request.stamps or {}))


def flat(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return headers, each with a value or several, as pairs."""
    pairs: list[tuple[str, str]] = []
    for header, value in headers.items():
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        pairs += [(str(header), str(each)) for each in values]
    return pairs
