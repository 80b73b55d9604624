"""The normal form of canvases: pure decisions on how signatures combine, as Celery's automatic upgrades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.canvas.lazy import LazyList
from taskhub.task.calling import as_list

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
        if isinstance(members, Sequence) and len(members) == 1:
            return unrolled(members[0])
    return signature


def is_empty_group(signature: Any) -> bool:
    """Return whether a signature is a group without members."""
    if kind(signature) != "group":
        return False
    members = signature["kwargs"]["tasks"]
    return isinstance(members, Sequence) and not members


def fold(signatures: Iterable[Signature]) -> list[Signature]:
    """Return the steps of a chain: nested chains flattened, a group that is followed upgraded to a chord.

    After this only the last step is a group or a chord: a chord takes what follows it into its body. The signatures are
    not changed; steps are copies.
    """
    steps: list[Signature] = []
    for signature in signatures:
        _append(steps, signature)
    return steps


def _append(steps: list[Signature], other: Signature) -> None:
    from taskhub.canvas.chord import chord

    other = unrolled(other.group() if kind(other) == "chunks" else other)  # type: ignore[attr-defined]
    if is_empty_group(other):
        if not steps:
            steps.append(other.clone())
        return
    if kind(other) == "chain":
        for member in other.unchain_tasks():  # type: ignore[attr-defined]
            _append(steps, member)
        return
    if steps and is_empty_group(steps[-1]):
        steps.pop()
    last = kind(steps[-1]) if steps else "none"
    if last == "group":
        steps[-1] = chord(steps[-1], other.clone())
    elif last == "chord":
        steps[-1]["kwargs"]["body"] = steps[-1]["kwargs"]["body"] | other
    else:
        steps.append(other.clone())


def elements(members: Iterable[Signature]) -> list[Signature]:
    """Return the parts of a group: groups and chunks inside it flattened, empty chains left out."""
    found: list[Signature] = []
    for member in members:
        if kind(member) == "group":
            found += elements(member["kwargs"]["tasks"])
        elif kind(member) == "chunks":
            found += elements(member.group()["kwargs"]["tasks"])  # type: ignore[attr-defined]
        elif not (kind(member) == "chain" and not member["kwargs"]["tasks"]):
            found.append(member)
    return found


def with_one_result(signature: Signature) -> Signature:
    """Return a signature that ends in one call: a group, alone or at the end, becomes a chord that gathers a list."""
    if kind(signature) in ("group", "chunks"):
        from taskhub.canvas.chord import chord
        from taskhub.canvas.signature import Signature

        gather = Signature("celery.accumulate", kwargs={"index": 0}, app=signature._app)
        members = signature if kind(signature) == "group" else signature.group()  # type: ignore[attr-defined]
        return chord(members, gather, app=signature._app)
    if kind(signature) == "chain":
        steps = fold(signature["kwargs"]["tasks"])
        signature["kwargs"]["tasks"] = [*steps[:-1], *map(with_one_result, steps[-1:])]
    elif kind(signature) == "chord" and signature["kwargs"]["body"] is not None:
        signature["kwargs"]["body"] = with_one_result(signature["kwargs"]["body"])
    return signature


#: Where the signatures are that a canvas consists of, in the order in which they are called.
_INSIDE = {"chain": ("tasks",), "group": ("tasks",), "chord": ("header", "body")}


def parts(signature: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the signatures that a canvas consists of; members that no generator has yielded yet are left out."""
    for name in _INSIDE.get(kind(signature), ()):
        found = signature["kwargs"].get(name)
        if isinstance(found, LazyList) and not found.is_read:
            continue
        yield from found if isinstance(found, list | tuple) else as_list(found)


def calls_in(signature: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every call that a signature consists of, those of a chord's header before its body."""
    for part in parts(signature):
        yield from calls_in(part)
    if kind(signature) != "chain":
        yield signature


def first_call(signature: Any) -> str | None:
    """Return the id of the call that a frozen signature begins with; of several at once, the last."""
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
    """Return the id of the call that a frozen signature ends with; of several at once, the last."""
    ending = ending_of(signature)
    found: str | None = None if ending is None else ending["options"].get("task_id")
    return found


def ending_of(signature: Any) -> Any:
    """Return the call that a signature ends with; of several at once, the last; None: an empty one has none."""
    match kind(signature):
        case "chain" | "group":
            members = signature["kwargs"]["tasks"]
            return ending_of(members[-1]) if members else None
        case "chord":
            body = signature["kwargs"]["body"]
            return None if body is None else ending_of(body)
        case _:
            return signature
