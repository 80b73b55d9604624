"""Canvases that contain themselves: no walk over them ends, so they are refused by name, not by a RecursionError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

from taskhub.canvas.steps import parts
from taskhub.task.calling import as_list

Method = TypeVar("Method", bound=Callable[..., Any])


def acyclic(method: Method) -> Method:
    """Let a method that walks over a canvas say if that contains itself; that is looked for if the walk has no end."""

    @wraps(method)
    def walk(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except RecursionError:
            refuse_cycle(self)
            raise

    return cast("Method", walk)


def refuse_cycle(signature: Any) -> None:
    """Look for a signature that contains itself.

    Raises:
      ValueError: there is one.
    """
    found = _cycle(signature)
    if found is not None:
        raise ValueError(f"A canvas cannot contain itself: {found!r:.100}") from None


def refuse_link_to_itself(signature: Any, link: Any) -> None:
    """Refuse to link to a signature what it belongs to: it would call itself for ever.

    Raises:
      ValueError: the link is the signature, or leads to it.
    """
    waiting, seen = [link], set[int]()
    while waiting:
        reached = waiting.pop()
        if reached is signature:
            raise ValueError(f"A call cannot be its own callback: {signature!r:.100}")
        if isinstance(reached, dict) and id(reached) not in seen:
            seen.add(id(reached))
            waiting += _below(reached)


def _cycle(signature: Any) -> Any:
    """Return a signature that contains itself, None if there is none; with no recursion of its own."""
    path = [(signature, _below(signature))]
    above, done = {id(signature)}, set[int]()
    while path:
        node, below = path[-1]
        member = next(below, None)
        if member is None:
            path.pop()
            above.discard(id(node))
            done.add(id(node))
        elif id(member) in above:
            return member
        elif isinstance(member, dict) and id(member) not in done:
            path.append((member, _below(member)))
            above.add(id(member))
    return None


def _below(signature: dict[str, Any]) -> Iterator[Any]:
    """Yield what a signature consists of, and what is linked to it."""
    yield from parts(signature)
    options = signature.get("options") or {}
    for name in ("link", "link_error"):
        yield from as_list(options.get(name))
