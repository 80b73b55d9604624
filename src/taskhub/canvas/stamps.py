"""Stamps: headers in every call of a canvas, and the visitor that chooses them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from taskhub.call.values import as_list

if TYPE_CHECKING:
    from taskhub.canvas.signature import Signature

#: The option that names the stamps among a call's options.
NAMES = "stamped_headers"


class StampingVisitor(ABC):
    """Chooses the stamps of each part of a canvas, by the methods of Celery's visitor."""

    def on_group_start(self, group: Any, **headers: Any) -> dict[str, Any]:
        """Return the stamps of a group and all in it."""
        return {}

    def on_group_end(self, group: Any, **headers: Any) -> None:  # noqa: B027
        """Called when a group has been stamped."""

    def on_chain_start(self, chain: Any, **headers: Any) -> dict[str, Any]:
        """Return the stamps of a chain and all in it."""
        return {}

    def on_chain_end(self, chain: Any, **headers: Any) -> None:  # noqa: B027
        """Called when a chain has been stamped."""

    @abstractmethod
    def on_signature(self, sig: Signature, **headers: Any) -> dict[str, Any]:
        """Return the stamps of a call."""

    def on_chord_header_start(self, sig: Any, **header: Any) -> dict[str, Any]:
        """Return the stamps of a chord's header."""
        if not isinstance(sig.tasks, Mapping):
            sig.tasks = sig.TYPES["group"](sig.tasks)
        return self.on_group_start(sig.tasks, **header)

    def on_chord_header_end(self, sig: Any, **header: Any) -> None:
        """Called when a chord's header has been stamped."""
        self.on_group_end(sig.tasks, **header)

    def on_chord_body(self, sig: Any, **header: Any) -> dict[str, Any]:
        """Return the stamps of a chord's body."""
        return {}

    def on_callback(self, callback: Any, **header: Any) -> dict[str, Any]:
        """Return the stamps of what is linked."""
        return {}

    def on_errback(self, errback: Any, **header: Any) -> dict[str, Any]:
        """Return the stamps of what is linked to an error."""
        return {}


def merge(
    first: Mapping[str, Any], second: Mapping[str, Any], *, append: bool = True
) -> dict[str, Any]:
    """Return stamps with those of `second` added; `append` keeps both values of a name."""
    merged = dict(first)
    for name, value in second.items():
        if name not in merged:
            merged[name] = value
        elif name == NAMES:
            merged[name] = [*as_list(merged[name]), *as_list(value)]
        elif isinstance(merged[name], Mapping) and isinstance(value, Mapping):
            merged[name] = merge(merged[name], value, append=append)
        elif append:
            merged[name] = [*as_list(merged[name]), *as_list(value)]
    return merged


def headers_for(
    signature: Signature,
    visitor_headers: Mapping[str, Any] | None,
    append: bool,
    headers: Mapping[str, Any],
    *,
    own: bool = True,
) -> dict[str, Any]:
    """Return the stamps of a signature: inherited, from the visitor, and (with `own`) its own."""
    merged = _named(headers)
    if visitor_headers is not None:
        merged = merge(merged, _named(visitor_headers), append=append)
    if own:
        options = signature.options
        names = {*merged[NAMES], *as_list(options.get(NAMES))}
        merged[NAMES] = list(names)
        stamped = {name: value for name, value in options.items() if name in names}
        merged = merge(merged, stamped, append=append)
    merged[NAMES] = list(dict.fromkeys(merged[NAMES]))
    return merged


def _named(headers: Mapping[str, Any]) -> dict[str, Any]:
    named = dict(headers)
    named.setdefault(NAMES, list(named))
    return named


def stamp(
    signature: Signature, visitor: StampingVisitor | None, append: bool, headers: Mapping[str, Any]
) -> Signature:
    """Stamp the call of a task and what is linked to it."""
    stamp_links(signature, visitor, append, headers)
    given = (visitor.on_signature(signature, **headers) or {}) if visitor is not None else None
    return signature.set(**headers_for(signature, given, append, headers))


def stamp_links(
    signature: Signature, visitor: StampingVisitor | None, append: bool, headers: Mapping[str, Any]
) -> None:
    """Stamp what is linked to a signature."""
    for option in ("link", "link_error"):
        down = deepcopy(dict(headers))
        links = signature.linked(option)
        for link in links:
            given = None
            if visitor is not None:
                visit = visitor.on_callback if option == "link" else visitor.on_errback
                given = visit(link, **down) or {}
            down = headers_for(signature, given, append, down, own=False)
            link.stamp(visitor, append, **down)
        if links:
            signature.options[option] = links


def stamp_all(
    members: Iterable[Any],
    visitor: StampingVisitor | None,
    append: bool,
    headers: Mapping[str, Any],
) -> None:
    """Stamp the members of a canvas."""
    for member in members:
        member.stamp(visitor, append, **headers)
