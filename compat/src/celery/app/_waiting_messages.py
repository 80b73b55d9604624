"""Messages that wait in a queue, in the form in which Celery's are stored in Redis.

Programs that list what waits read `channel.client.lrange(queue, 0, -1)`, and open each message.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from taskhub.exceptions import DecodeError
from taskhub.message import decode_body
from taskhub.serialization.json import dumps

if TYPE_CHECKING:
    from taskhub import Celery
    from taskhub.message import Envelope

#: Headers of Celery's messages that are of the same name in ours.
_HEADERS = (
    *("parent_id", "group", "group_index", "expires", "timelimit", "argsrepr", "kwargsrepr"),
    *("origin", "ignore_result", "shadow", "stamps", "stamped_headers"),
)
_EMBEDDED = ("callbacks", "errbacks", "chain", "chord")


def waiting_messages(app: Celery, queue: str, start: int, end: int) -> list[bytes]:
    """Return what `LRANGE queue start end` returns in Celery: the latest message first.

    Args:
        app: The app.
        queue: The queue's name.
        start: The first place; negative: counted from the end.
        end: The last place, included; likewise.
    """
    counts = app.engine.queues().get(queue)
    total = 0 if counts is None else counts.ready
    first = max(0, start + total if start < 0 else start)
    last = min(total - 1, end + total if end < 0 else end)
    if first > last:
        return []
    found = app.engine.waiting(queue, total - 1 - last, last - first + 1)
    return [_as_celery(envelope) for envelope in reversed(found)]


def _as_celery(envelope: Envelope) -> bytes:
    try:
        fields = decode_body(envelope.body)
    except DecodeError:
        fields = {"actor_name": None, "args": [], "kwargs": {}}
    options = cast("Mapping[str, Any]", fields.get("options") or {})
    task_id = envelope.task_id
    content_type, encoding, body = _body(fields, options)
    return dumps(
        {
            "body": body,
            "content-encoding": encoding,
            "content-type": content_type,
            "headers": {
                **{name: options.get(name) for name in _HEADERS},
                **(options.get("headers") or {}),
                "lang": "py",
                "task": fields["actor_name"],
                "id": task_id,
                "root_id": options.get("root_id", task_id),
                "retries": options.get("retries", 0),
                "eta": options.get("scheduled"),
            },
            "properties": {
                "correlation_id": task_id,
                "reply_to": options.get("reply_to"),
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": envelope.queue},
                "priority": options.get("priority", envelope.priority),
                "body_encoding": "base64",
                "delivery_tag": task_id,
            },
        }
    ).encode()


def _body(fields: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return a message's content type, its encoding, and the arguments in base 64."""
    content = options.get("content")
    if content is None:
        embedded = {name: options.get(name) for name in _EMBEDDED}
        body = dumps([fields["args"], fields["kwargs"], embedded])
        return "application/json", "utf-8", base64.b64encode(body.encode()).decode()
    if content.get("base64"):
        return content["type"], "binary", content["body"]
    return content["type"], "utf-8", base64.b64encode(content["body"].encode()).decode()
