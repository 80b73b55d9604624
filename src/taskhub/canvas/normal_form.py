"""The normal form of canvases: how signatures combine, as Celery's automatic upgrades."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taskhub.call.values import as_list
from taskhub.canvas.signature import Signature
from taskhub.canvas.structure import is_empty_group, kind, unrolled


def fold(signatures: Iterable[Signature]) -> list[Signature]:
    """Return the steps of a chain: nested chains flattened, a group before another step a chord.

    After this only the last step is a group or a chord: a chord takes what follows it into its
    body. The signatures are not changed; steps are copies.
    """
    steps: list[Signature] = []
    for signature in signatures:
        _append(steps, signature)
    return steps


def _append(steps: list[Signature], other: Signature) -> None:
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
        steps[-1] = _chord(steps[-1], other.clone())
    elif last == "chord":
        steps[-1]["kwargs"]["body"] = steps[-1]["kwargs"]["body"] | other
    else:
        steps.append(other.clone())


def with_one_result(signature: Signature) -> Signature:
    """Return a signature that ends in one call: a final group becomes a chord with a list."""
    if kind(signature) in ("group", "chunks"):
        collect = Signature("celery.accumulate", kwargs={"index": 0}, app=signature._app)
        members = signature if kind(signature) == "group" else signature.group()  # type: ignore[attr-defined]
        return _chord(members, collect, app=signature._app)
    if kind(signature) == "chain":
        steps = fold(signature["kwargs"]["tasks"])
        signature["kwargs"]["tasks"] = [*steps[:-1], *map(with_one_result, steps[-1:])]
    elif kind(signature) == "chord" and signature["kwargs"]["body"] is not None:
        signature["kwargs"]["body"] = with_one_result(signature["kwargs"]["body"])
    return signature


def _chord(header: Any, body: Any, **options: Any) -> Signature:
    """Return a chord; its class, which needs this module, is known by its registration."""
    return Signature.TYPES["chord"](header, body, **options)


def link_header(tasks: Any, errback: Signature) -> None:
    """Link an errback to each task of a header, those of chords in it included."""
    for task in tasks:
        if kind(task) == "chord":
            link_header(task.tasks, errback)
        else:
            task.link_error(errback)


def add_links(body: Any, options: dict[str, Any]) -> Any:
    """Move the links from a chord's options to its body."""
    for link in as_list(options.pop("link", None)):
        body.link(link)
    for errback in as_list(options.pop("link_error", None)):
        if kind(body) == "group":
            body.link_error(errback)
        else:
            body.append_to_list_option("link_error", errback)
    return body
