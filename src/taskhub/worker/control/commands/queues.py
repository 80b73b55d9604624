"""Commands about the queues that a worker serves."""

from __future__ import annotations

import logging
from typing import Any

from taskhub.names import check_queue
from taskhub.worker.control.panel import control_command, inspect_command, nok, ok
from taskhub.worker.control.state import WorkerState

logger = logging.getLogger(__name__)


@control_command(
    args=[("queue", str), ("exchange", str), ("exchange_type", str), ("routing_key", str)],
    signature="<queue> [exchange [type [routing_key]]]",
)
def add_consumer(
    state: WorkerState,
    queue: str,
    exchange: str | None = None,
    exchange_type: str | None = None,
    routing_key: str | None = None,
    **options: Any,
) -> dict[str, str]:
    """Tell worker(s) to consume from task queue by name."""
    check_queue(queue)
    state.add_queue(queue)
    logger.info("serves queue %s from now on", queue)
    return ok(f"add consumer {queue}")


@control_command(args=[("queue", str)], signature="<queue>")
def cancel_consumer(state: WorkerState, queue: str, **_: Any) -> dict[str, str]:
    """Tell worker(s) to stop consuming from task queue by name."""
    if not state.remove_queue(queue):
        served = ", ".join(state.exchange_loop.queues) or "none"
        return nok(f"queue {queue} is not served here; those that are: {served}")
    logger.info("serves queue %s no longer", queue)
    return ok(f"no longer consuming from {queue}")


@inspect_command()
def active_queues(state: WorkerState) -> list[dict[str, Any]]:
    """List the task queues a worker is currently consuming from."""
    known = state.app.routes.queue_objects(state.app.conf)
    return [_described(name, known.get(name)) for name in sorted(state.exchange_loop.queues)]


def _described(name: str, queue: Any) -> dict[str, Any]:
    """Return a queue in the fields of kombu's, as far as the settings describe it."""
    exchange = getattr(queue, "exchange", None)
    return {
        "name": name,
        "exchange": {
            "name": getattr(exchange, "name", None) or name,
            "type": getattr(exchange, "type", None) or "direct",
            "arguments": None,
            "durable": True,
            "passive": False,
            "auto_delete": False,
            "delivery_mode": None,
            "no_declare": False,
        },
        "routing_key": getattr(queue, "routing_key", None) or name,
        "queue_arguments": getattr(queue, "queue_arguments", None),
        "binding_arguments": None,
        "consumer_arguments": None,
        "durable": True,
        "exclusive": False,
        "auto_delete": False,
        "no_ack": False,
        "alias": None,
        "bindings": [],
        "no_declare": None,
        "expires": None,
        "message_ttl": None,
        "max_length": None,
        "max_length_bytes": None,
        "max_priority": None,
    }
