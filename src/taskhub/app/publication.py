"""Signals and events of calls: `before_task_publish`, `after_task_publish`, `task_sent`.

Receivers see a call in the form of Celery's messages, and may change it there: what they do to
headers, properties and body is read back and reaches the worker.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub import signals
from taskhub.app.routing import Exchange, Queue
from taskhub.call.message import origin_of
from taskhub.call.values import Due, compute_due, compute_expiry
from taskhub.exceptions import OperationalError
from taskhub.execution.events import event
from taskhub.serialization.safe_repr import safe_repr

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: As long as Celery makes the texts of arguments.
_REPR_LENGTH = 1024
#: Headers that a message has in any case; others are the caller's own, or a receiver's.
_FIELDS = (
    "shadow",
    "expires",
    "group",
    "group_index",
    "retries",
    "timelimit",
    "root_id",
    "parent_id",
    "argsrepr",
    "kwargsrepr",
    "origin",
    "ignore_result",
    "replaced_task_nesting",
    "stamped_headers",
    "stamps",
)
#: Those that no receiver can change: the caller has a result of that id already.
_FIXED = frozenset(("id", "lang"))
#: Parts of a call that stand in the body of Celery's messages.
_EMBEDDED = ("callbacks", "errbacks", "chain", "chord")

#: Headers that are fields of the event `task-sent`.
_EVENT_FIELDS = ("root_id", "parent_id", "retries", "eta", "expires")


class Call(NamedTuple):
    """A call on its way to become a message."""

    name: str
    task_id: str
    queue: str
    args: Any
    kwargs: Any
    #: The options of the message, as `build_message_options` makes them.
    stored: dict[str, Any]
    due: Due


class Publication(NamedTuple):
    """A call in the form of one of Celery's messages."""

    name: str
    routing_key: str
    headers: dict[str, Any]
    properties: dict[str, Any]
    #: Arguments, keyword arguments, and what is embedded.
    body: tuple[Any, Any, dict[str, Any]]


def publication(call: Call) -> Publication:
    """Return a call as Celery would publish it."""
    stored = call.stored
    headers: dict[str, Any] = {
        "lang": "py",
        "task": call.name,
        "id": call.task_id,
        "eta": call.due.text,
        **{name: stored.get(name) for name in _FIELDS},
    }
    headers["root_id"] = headers["root_id"] or call.task_id
    headers["retries"] = headers["retries"] or 0
    headers["timelimit"] = list(headers["timelimit"] or (None, None))
    headers["replaced_task_nesting"] = headers["replaced_task_nesting"] or 0
    headers["stamps"] = dict(headers["stamps"] or {})
    for name, value in (("argsrepr", call.args), ("kwargsrepr", call.kwargs)):
        if headers[name] is None:
            headers[name] = safe_repr(value, _REPR_LENGTH)
    headers.update(stored.get("headers") or {})
    properties = {"correlation_id": call.task_id, "reply_to": stored.get("reply_to") or ""}
    if stored.get("priority") is not None:
        properties["priority"] = stored["priority"]
    embedded = {name: stored.get(name) for name in _EMBEDDED}
    return Publication(
        call.name, call.queue, headers, properties, (call.args, dict(call.kwargs), embedded)
    )


def read_back(call: Call, before: Publication, after: Publication, timezone: Any) -> Call:
    """Return a call with what receivers have changed in its message.

    Args:
        call: The call before.
        before: The message that receivers got.
        after: The message as they have left it.
        timezone: The zone of an `eta` without one.
    """
    stored, due = dict(call.stored), call.due
    changed = {
        name: value
        for name, value in after.headers.items()
        if name not in before.headers or before.headers[name] != value
    }
    own = stored.get("headers") or {}
    custom = {name: value for name, value in own.items() if name in after.headers}
    custom.update((name, changed.pop(name)) for name in own if name in changed)
    name = changed.pop("task", call.name)
    if "eta" in changed:
        due = compute_due(None, changed.pop("eta"), timezone)
    for header, value in changed.items():
        if header == "expires":
            stored[header] = compute_expiry(value, timezone)
        elif header in _FIELDS:
            stored[header] = value
        elif header not in _FIXED:
            custom[header] = value
    if custom or "headers" in stored:
        stored["headers"] = custom
    args, kwargs, embedded = after.body
    for fields, shown in ((after.properties, before.properties), (embedded, before.body[2])):
        stored |= {
            field: value
            for field, value in fields.items()
            if field in ("priority", "reply_to", *_EMBEDDED) and shown.get(field) != value
        }
    return call._replace(name=name, args=args, kwargs=kwargs, stored=stored, due=due)


class Publishing:
    """Sends the signals and events of an app's calls."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    @property
    def is_watched(self) -> bool:
        """Whether there are receivers, or events are sent; read for every call."""
        return bool(
            signals.before_task_publish.receivers
            or signals.after_task_publish.receivers
            or signals.task_sent.receivers
            or self.sends_events
        )

    @cached_property
    def sends_events(self) -> bool:
        """Whether the event `task-sent` is sent, by the setting `task_send_sent_event`."""
        return bool(self._app.conf.task_send_sent_event)

    def events(self, published: Iterable[Publication]) -> list[str]:
        """Return the events of calls, if they are sent."""
        return [_sent_event(shown) for shown in published] if self.sends_events else []

    def append_events(self, events: Sequence[str]) -> None:
        """Store events of calls that are stored themselves; what is refused is only logged."""
        try:
            self._app.engine.append_events(events)
        except OperationalError as error:
            # The calls themselves are stored.
            logger.warning("%s; no task-sent events were sent", error)

    def before(
        self, call: Call, options: Mapping[str, Any], timezone: Any
    ) -> tuple[Call, Publication]:
        """Send `before_task_publish`; returns the call as receivers changed it, and its message.

        Args:
            call: The call.
            options: Its options; receivers get `retry_policy`, too.
            timezone: The zone of an `eta` without one.
        """
        shown = publication(call)
        if not signals.before_task_publish.receivers:
            return call, shown
        original = _copy(shown)
        policy = self._app.conf.task_publish_retry_policy or {}
        signals.before_task_publish.send(
            call.name,
            body=shown.body,
            exchange="",
            routing_key=call.queue,
            declare=[Queue(call.queue, Exchange(call.queue), call.queue)],
            headers=shown.headers,
            properties=shown.properties,
            retry_policy={**policy, **(options.get("retry_policy") or {})},
        )
        return read_back(call, original, shown, timezone), shown

    def after(self, published: Iterable[Publication]) -> None:
        """Send the signals and events after messages were sent, or are part of a commit."""
        if self.sends_events:
            self.append_events(self.events(published))
        self.send_signals(published)

    def send_signals(self, published: Iterable[Publication]) -> None:
        """Send the signals after messages were sent."""
        for name, routing_key, headers, _, body in published:
            signals.after_task_publish.send(
                name, body=body, headers=headers, exchange="", routing_key=routing_key
            )
            if signals.task_sent.receivers:
                signals.task_sent.send(
                    name,
                    task_id=headers["id"],
                    task=name,
                    args=body[0],
                    kwargs=body[1],
                    eta=headers["eta"],
                    taskset=headers["group"],
                )


def _sent_event(shown: Publication) -> str:
    headers = shown.headers
    return event(
        "task-sent",
        headers["origin"] or origin_of(os.getpid()),
        uuid=headers["id"],
        name=headers["task"],
        **{name: headers[name] for name in _EVENT_FIELDS},
        args=headers["argsrepr"],
        kwargs=headers["kwargsrepr"],
        queue=shown.routing_key,
        exchange="",
        routing_key=shown.routing_key,
    )


def _copy(shown: Publication) -> Publication:
    """Return a message as it is now; receivers may change lists and mappings in place."""
    from copy import deepcopy

    args, kwargs, embedded = shown.body
    return shown._replace(
        headers=deepcopy(shown.headers),
        properties=dict(shown.properties),
        body=(args, kwargs, {name: deepcopy(value) for name, value in embedded.items()}),
    )
