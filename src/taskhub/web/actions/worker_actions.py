"""Drain, stop, grow and shrink workers, change which queues they serve, replace their processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from taskhub.web.actions.actor import Actor, Done
from taskhub.web.problem import Problem

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("act_on_worker",)

#: How long a node may take to reply, seconds.
PATIENCE: Final = 2.0


def act_on_worker(
    store: StoreView, actor: Actor, node: str, action: str, body: Mapping[str, Any]
) -> Done:
    """Send a node a command, and wait for its reply.

    Raises:
        Problem: There is no such node, it does not answer, or it cannot do that.
    """
    store.forget_fresh()
    infos = [info for info in store.worker_infos().values() if info.node == node]
    if not infos:
        raise Problem("not_found", f"there is no worker {node!r}")
    count = int(body.get("count") or 1)
    if action in ("add_queue", "cancel_queue") and not body.get("queue"):
        raise Problem("invalid", f"queue: {action} needs the name of a queue")
    queues = _queues(node, action, body, infos)
    calls_by_action: dict[str, tuple[str, dict[str, Any], str]] = {
        "drain": ("cancel_consumer", {}, f"served {', '.join(queues)}"),
        "resume": ("add_consumer", {}, f"serves {', '.join(queues)}"),
        "add_queue": ("add_consumer", {}, ", ".join(queues)),
        "cancel_queue": ("cancel_consumer", {}, ", ".join(queues)),
        "stop": ("shutdown", {}, ""),
        "grow": ("pool_grow", {"n": count}, f"by {count}"),
        "shrink": ("pool_shrink", {"n": count}, f"by {count}"),
        "replace": ("pool_restart", {}, ""),
    }
    command, arguments, how = calls_by_action[action]
    calls = [{**arguments, "queue": queue} for queue in queues] or [arguments]
    texts = [_reply_text(node, _send(store, node, command, call)) for call in calls]
    values = {"queues": queues} if queues else {"count": count} if arguments else {}
    how = str(body.get("reason") or how)
    actor.note(store, f"workers.{action}", "worker", node, how=how, values=values)
    return Done(action, (), (), "; ".join(dict.fromkeys(texts)), 1)


def _queues(node: str, action: str, body: Mapping[str, Any], infos: Sequence[Any]) -> list[str]:
    """Return the queues that an action is about."""
    served = sorted({each for info in infos for each in info.queues})
    cancelled = sorted({each for info in infos for each in info.cancelled})
    if action == "drain":
        if not served:
            raise Problem("conflict", f"{node} serves no queue: it is drained already")
        return served
    if action == "resume":
        if not cancelled:
            detail = f"{node} is not drained: it serves {', '.join(served)}"
            raise Problem("conflict", detail)
        return cancelled
    return [str(body["queue"])] if action in ("add_queue", "cancel_queue") else []


def _send(store: StoreView, node: str, command: str, arguments: Mapping[str, Any]) -> Any:
    try:
        return store.app.control.broadcast(
            command, arguments, destination=[node], reply=True, timeout=PATIENCE
        )
    except (TypeError, ValueError) as error:
        raise Problem("invalid", str(error)) from error


def _reply_text(node: str, reply: Any) -> str:
    """Return what a node replied.

    Raises:
        Problem: It did not, or it could not do what was asked.
    """
    answers = [value for each in reply or () for value in each.values()]
    if not answers:
        raise Problem("conflict", f"{node} does not answer: it may do it later")
    for answer in answers:
        if isinstance(answer, dict) and "error" in answer:
            raise Problem("conflict", f"{node}: {answer['error']}")
    first = answers[0]
    return str(first.get("ok", first)) if isinstance(first, dict) else str(first)
