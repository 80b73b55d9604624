"""The structure of signatures, only read: their kinds, their parts, and cycles among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from taskhub.call.options import repr_without_arguments
from taskhub.call.values import as_list
from taskhub.canvas.lazy_list import LazyList, head, streamed

if TYPE_CHECKING:
    from taskhub.canvas.signature import Signature


def kind(signature: Any) -> str:
    """Return what a signature is: "task", "chain", "group", "chord" or another subtask type."""
    found: str | None = signature.get("subtask_type")
    return found or "task"


def unrolled(signature: Signature) -> Signature:
    """Return the only member of a group of one, else the signature."""
    if kind(signature) == "group":
        members = signature["kwargs"]["tasks"]
        if isinstance(members, Sequence) and len(first := head(members, 2)) == 1:
            return unrolled(first[0])
    return signature


def is_empty_group(signature: Any) -> bool:
    """Return whether a signature is a group without members."""
    if kind(signature) != "group":
        return False
    members = signature["kwargs"]["tasks"]
    return isinstance(members, Sequence) and not head(members, 1)


def elements(members: Iterable[Signature]) -> list[Signature]:
    """Return the parts of a group: groups and chunks inside it flattened, empty chains left out."""
    return list(_elements(members, iter))


def streamed_elements(members: Iterable[Signature]) -> Iterator[Signature]:
    """Yield the parts of a group, as `elements`, while generators among its members are read."""
    return _elements(members, streamed)


def _elements(
    members: Iterable[Signature], reading: Callable[[Iterable[Signature]], Iterator[Signature]]
) -> Iterator[Signature]:
    for member in reading(members):
        if kind(member) == "group":
            yield from _elements(member["kwargs"]["tasks"], reading)
        elif kind(member) == "chunks":
            yield from _elements(member.group()["kwargs"]["tasks"], reading)  # type: ignore[attr-defined]
        elif not (kind(member) == "chain" and not member["kwargs"]["tasks"]):
            yield member


#: What generators may stand in, within a group: under which key.
_HOLDING = {"group": "tasks", "chunks": "it"}


def has_unread(members: Iterable[Any]) -> bool:
    """Return whether a generator is still to be read for the parts of a group."""
    return _is_unread(members) or any(
        member.get("subtask_type") in _HOLDING and _holds_unread(member) for member in members
    )


def _holds_unread(member: Any) -> bool:
    held = member["kwargs"][_HOLDING[kind(member)]]
    return has_unread(held) if kind(member) == "group" else _is_unread(held)


def _is_unread(items: Any) -> bool:
    return isinstance(items, LazyList) and not items.is_read


#: Where the signatures are that a canvas consists of, in the order in which they are called.
_INSIDE = {"chain": ("tasks",), "group": ("tasks",), "chord": ("header", "body")}


def parts(signature: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the signatures that a canvas consists of; generators are not read for that."""
    for name in _INSIDE.get(kind(signature), ()):
        found = signature["kwargs"].get(name)
        if _is_unread(found):
            continue
        yield from found if isinstance(found, list | tuple) else as_list(found)


def calls_in(signature: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every call that a signature consists of, those of a chord's header before its body."""
    for part in parts(signature):
        yield from calls_in(part)
    if kind(signature) != "chain":
        yield signature


def first_call(signature: Any) -> str | None:
    """Return the id of the first call of a frozen signature; of several at once, the last."""
    match kind(signature):
        case "chain":
            return first_call(signature["kwargs"]["tasks"][0])
        case "group":
            return (
                first_call(signature["kwargs"]["tasks"][-1])
                if signature["kwargs"]["tasks"]
                else None
            )
        case "chord":
            header = signature["kwargs"]["header"]
            return first_call(header[-1] if header else signature["kwargs"]["body"])
        case _:
            found: str | None = signature["options"].get("task_id")
            return found


def last_call(signature: Any) -> str | None:
    """Return the id of the final call of a frozen signature; of several at once, the last."""
    final = final_call(signature)
    found: str | None = None if final is None else final["options"].get("task_id")
    return found


def final_call(signature: Any) -> Any:
    """Return the final call of a signature; of several at once, the last; None: it is empty."""
    match kind(signature):
        case "chain" | "group":
            members = signature["kwargs"]["tasks"]
            return final_call(members[-1]) if members else None
        case "chord":
            body = signature["kwargs"]["body"]
            return None if body is None else final_call(body)
        case _:
            return signature


Method = TypeVar("Method", bound=Callable[..., Any])


def acyclic(method: Method) -> Method:
    """Let a method that walks over a canvas raise `ValueError` if that contains itself."""

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
    """Refuse to link to a signature what it belongs to: it would call itself forever.

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
    """Return a signature that contains itself; None: there is none."""
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


def checked_each(values: Any) -> Iterable[Any]:
    """Return the members of a canvas, if they can be iterated over.

    Raises:
        TypeError: it cannot; it is a task itself, for example.
    """
    if isinstance(values, Iterable):
        return values
    raise TypeError(describe_non_signature(values))


def describe_non_signature(value: Any) -> str:
    """Return the error for a value that is no signature; without arguments of tasks."""
    shown = repr_without_arguments(value)
    return f"A canvas consists of signatures, as task.s() makes them, not of {shown}"
