"""Documents of many results in one read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.result.base import ResultBase, ancestors

if TYPE_CHECKING:
    from taskhub.result.async_result import AsyncResult


def current_states(results: Iterable[ResultBase]) -> dict[str, str]:
    """Return the state of every task by id, all read at once; results remember what has ended."""
    found: dict[str, str] = {}
    unknown: dict[str, list[AsyncResult[Any]]] = {}
    for result in results:
        for task in result.iter_tasks():
            if task.known is None:
                unknown.setdefault(task.id, []).append(task)
            else:
                found[task.id] = task.known["status"]
    if unknown:
        backend = next(iter(unknown.values()))[0].backend
        for task_id, meta in zip(unknown, backend.get_task_metas(list(unknown)), strict=True):
            found[task_id] = meta["status"]
            if meta["status"] in states.READY_STATES:
                for task in unknown[task_id]:
                    task.remember(meta)
    return found


def raise_failed(results: Iterable[ResultBase]) -> None:
    """Raise the exception of the first of these results that has failed, all read at once."""
    results = list(results)
    current_states(results)
    for result in results:
        for task in result.iter_tasks():
            if task.known is not None:
                task.maybe_throw()


def forget_all(results: Iterable[ResultBase]) -> None:
    """Delete the documents of these results and of their parents in one call."""
    results = list(results)
    tasks = [task for result in results for task in result.iter_tasks()]
    for parent in ancestors([*results, *tasks]):
        tasks.extend(parent.iter_tasks())
    stored = {task.id: task for task in tasks if task.stored}
    for task in tasks:
        task.unlearn()
    if stored:
        next(iter(stored.values())).backend.forget_many(list(stored))
