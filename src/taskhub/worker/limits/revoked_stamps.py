"""Revoked stamps, as a worker process knows them: tasks that carry one are not begun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from taskhub.execution.request import Context


class RevokedStamps:
    """Revoked stamps, refreshed from the store by the control service."""

    def __init__(self) -> None:
        self._stamps: frozenset[tuple[str, str]] = frozenset()

    def replace(self, stamps: Iterable[tuple[str, str]]) -> None:
        """Replace all stamps by those that the store has."""
        self._stamps = frozenset(stamps)

    def cover(self, request: Context) -> bool:
        """Whether a request carries one of them."""
        return bool(self._stamps) and not self._stamps.isdisjoint(stamps_of(request))


def stamps_of(request: Context) -> set[tuple[str, str]]:
    """Return the stamps of a request: header and value."""
    return set(stamp_pairs(request.stamps or {}))


def stamp_pairs(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return pairs of header and value, for headers with one value or several."""
    pairs: list[tuple[str, str]] = []
    for header, value in headers.items():
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        pairs += [(str(header), str(each)) for each in values]
    return pairs
