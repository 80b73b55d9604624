"""Change rate limits while workers run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskhub.web.actions.actor import Actor
from taskhub.web.problem import Problem
from taskhub.web.queries.limits import get_limits, rate_limits

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("set_rate",)


def set_rate(store: StoreView, actor: Actor, task: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change how often the tasks of a name may begin, and return all limits.

    Raises:
        Problem: Nobody knows the task, it is no rate, or no worker has taken it over.
    """
    able = [info for info in store.worker_infos().values() if not info.tasks or task in info.tasks]
    if task not in store.app.tasks and not any(task in info.tasks for info in able):
        raise Problem("not_found", f"there is no task {task!r}")
    if not able:
        raise Problem("conflict", f"no worker is there that knows {task}: the rate would be lost")
    before = next((each["rate"] for each in rate_limits(store) if each["task"] == task), None)
    rate = body["rate"]
    try:
        replies = store.app.control.rate_limit(task, rate, reply=True, timeout=2.0)
    except ValueError as error:
        raise Problem("invalid", str(error)) from error
    errors = [
        str(answer["error"])
        for each in replies or ()
        for answer in each.values()
        if isinstance(answer, dict) and "error" in answer
    ]
    if not replies or len(errors) == len(replies):
        raise Problem("conflict", errors[0] if errors else "no worker answers")
    how = str(body.get("reason") or f"{before or 'no limit'} to {rate or 'no limit'}")
    values = {"from": before, "to": rate}
    actor.note(store, "limits.change", "limit", task, task=task, how=how, values=values)
    return get_limits(store)
