"""The normal form of canvases: pure decisions on how signatures combine, as Celery's automatic upgrades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

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

    if is_empty_group(other):
        if not steps:
            steps.append(other.clone())
        return
    other = unrolled(other)
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
    """Return the parts of a group: groups inside it flattened, empty chains left out."""
    found: list[Signature] = []
    for member in members:
        if kind(member) == "group":
            found += elements(member["kwargs"]["tasks"])
        elif not (kind(member) == "chain" and not member["kwargs"]["tasks"]):
            found.append(member)
    return found
