"""Pause, resume, purge queues, and forget empty ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from taskhub.humanize import counted
from taskhub.web.actions.actor import Actor, Done
from taskhub.web.problem import Problem

if TYPE_CHECKING:
    from taskhub.engine.port.administration import QueueUse
    from taskhub.web.queries.store_view import StoreView

__all__ = ("act_on_queue",)

#: Why a queue is not forgotten, and what to do.
_KEPT: Final[Mapping[QueueUse, str]] = {
    "ready": "it holds ready messages: let workers run them, or purge it",
    "served": "a live worker serves it: stop the worker, or let it cancel the queue",
    "claimed": "a worker holds messages of it: wait until they have ended",
    "delayed": "it holds delayed messages: wait until they are due, or purge it",
    "rate_limited": "messages of it wait for their rate limits: let them run, or purge it",
}


def act_on_queue(
    store: StoreView, actor: Actor, name: str, action: str, body: Mapping[str, Any]
) -> Done:
    """Act on a queue.

    Raises:
        Problem: There is no such queue, its name was not typed, or its state does not allow it.
    """
    store.forget_fresh()
    queue = next((each for each in store.queues() if each.name == name), None)
    if queue is None:
        raise Problem("not_found", f"there is no queue {name!r}")
    count: int | None = None
    how = str(body.get("reason") or "")
    match action:
        case "purge":
            if body.get("confirm") != name:
                raise Problem("invalid", f"confirm: type the queue's name, {name}")
            count = store.engine.purge(name)
            text, how = f"{counted(count, 'message')} deleted", how or "name typed"
        case "pause":
            if not store.pause_queue(name, actor.name, how):
                raise Problem("conflict", f"{name} is paused already")
            text, how = f"{name} is paused", how or f"{queue.ready} ready at the time"
        case "resume":
            if not store.resume_queue(name):
                raise Problem("conflict", f"{name} is not paused")
            text = f"{name} goes on"
        case _:
            if (use := store.engine.forget_queue(name)) is not None:
                raise Problem("conflict", f"{name} is kept: {_KEPT[use]}")
            text = f"{name} is forgotten"
    actor.note(store, f"queues.{action}", "queue", name, how=how, done=count)
    return Done(action, (), (), text, count if count is not None else 1)
