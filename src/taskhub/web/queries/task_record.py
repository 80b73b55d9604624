"""One task as the store has it: stored message, running, result, or history entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from taskhub.control.backlog import ready_moment
from taskhub.exceptions import DecodeError
from taskhub.message import Envelope, decode_body
from taskhub.serialization.excerpt import Excerpts
from taskhub.web.queries.arguments import CallArguments
from taskhub.web.queries.times import iso, parse_iso, seconds

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("TaskRecord", "is_retry", "read_envelope")

#: What may be done to a task in each state.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "waiting": ("revoke",),
    "delayed": ("revoke",),
    "retrying": ("revoke",),
    "running": ("terminate",),
    "failed": ("retry", "delete"),
    "dead": ("retry", "delete"),
    "succeeded": ("delete",),
    "revoked": ("delete",),
}


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """What is known of one task; times are seconds since the epoch, durations seconds."""

    id: str
    key: str = ""
    task: str = ""
    state: str = "waiting"
    queue: str | None = None
    priority: int | None = None
    #: None: only an excerpt is known.
    call: CallArguments | None = None
    #: Excerpt of the arguments where they are not known.
    shown: str = ""
    tries: int = 0
    max_tries: int | None = None
    deliveries: int | None = None
    waited: float | None = None
    ran: float | None = None
    sent_at: float | None = None
    ready_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    due_at: float | None = None
    #: When it gets its permit; None: no rate limit holds it back.
    rate_limited_until: float | None = None
    expires_at: float | None = None
    worker: str | None = None
    error: str | None = None
    message: str | None = None
    traceback: str | None = None
    reason: str | None = None
    replayable: bool = False
    stamps: Mapping[str, Any] = field(default_factory=dict)
    #: Of a stored message: whether a worker holds it.
    is_claimed: bool = False
    root: str | None = None
    parent: str | None = None
    #: Options of its message.
    options: Mapping[str, Any] = field(default_factory=dict)
    thread: str | None = None
    process: int | None = None
    host: str | None = None
    soft_limit: float | None = None
    hard_limit: float | None = None

    @property
    def args(self) -> Sequence[Any] | None:
        """Positional arguments; None: only an excerpt is known."""
        return None if self.call is None else self.call.args

    @property
    def kwargs(self) -> Mapping[str, Any] | None:
        """Named arguments; None: only an excerpt is known."""
        return None if self.call is None else self.call.kwargs

    @property
    def named(self) -> Mapping[str, Any] | None:
        """Arguments by name, secrets hidden; None: only an excerpt is known."""
        return None if self.call is None else self.call.by_name

    @property
    def arguments(self) -> str:
        """Excerpt of the arguments, secrets hidden."""
        return self.shown if self.call is None else self.call.excerpt

    @property
    def at(self) -> float | None:
        """When it ended, or else was sent."""
        return self.ended_at if self.ended_at is not None else self.sent_at

    @property
    def canvas(self) -> str:
        """Id of the task that began its canvas: itself, if no other did."""
        return self.root or self.id

    @property
    def group(self) -> str | None:
        """Id of its group, or chord."""
        group = self.options.get("group")
        return None if group is None else str(group)

    def to_row(self, *, hidden: bool) -> dict[str, Any]:
        """Return it as a row of a list.

        Args:
            hidden: Whether arguments and texts of errors are kept from who asks.
        """
        error = None
        if self.error is not None:
            error = {
                "kind": self.error,
                "message": None if hidden else self.message,
                "hidden": hidden,
            }
        return {
            "id": self.id,
            "key": self.key or self.id,
            "task": self.task,
            "state": self.state,
            "arguments": None if hidden else self.arguments,
            "queue": self.queue,
            "priority": self.priority,
            "tries": self.tries,
            "max_tries": self.max_tries,
            "deliveries": self.deliveries,
            "waited": seconds(self.waited),
            "ran": seconds(self.ran),
            "sent_at": iso(self.sent_at),
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "due_at": iso(self.due_at),
            "rate_limited_until": iso(self.rate_limited_until),
            "worker": self.worker,
            "error": error,
            "reason": self.reason,
            "replayable": self.replayable,
            "actions": [
                action
                for action in ACTIONS.get(self.state, ())
                if action != "retry" or self.replayable
            ],
        }


def read_envelope(
    app: Celery, envelope: Envelope, excerpts: Excerpts, now: float, **known: Any
) -> TaskRecord:
    """Return the task of a stored message.

    Args:
        app: The app, which may know the task.
        envelope: The message.
        excerpts: Knows which values are hidden.
        now: The present, seconds since the epoch.
        known: Fields that are known otherwise; they win.
    """
    fields: dict[str, Any] = {
        "id": envelope.task_id,
        "queue": envelope.queue,
        "priority": app.broker.priority_order().number(envelope.priority),
    }
    try:
        body = decode_body(envelope.body)
        fields |= read_body_fields(app, body, excerpts)
        fields["ready_at"] = ready_moment(body)
    except (DecodeError, TypeError, AttributeError, ValueError):
        fields["task"] = "(unreadable)"
    fields |= known
    if fields.get("state", "waiting") == "waiting" and fields.get("ready_at") is not None:
        fields.setdefault("waited", max(0.0, now - fields["ready_at"]))
    return TaskRecord(**fields)


def is_retry(envelope: Envelope) -> bool:
    """Whether a message is for another try of its task; most are not, and are not decoded."""
    if b'"retries"' not in envelope.body:
        return False
    try:
        options = decode_body(envelope.body).get("options") or {}
        return int(options.get("retries") or 0) > 0
    except (DecodeError, TypeError, AttributeError, ValueError):
        return False


def read_body_fields(app: Celery, body: Mapping[str, Any], excerpts: Excerpts) -> dict[str, Any]:
    """Return what the body of a message says."""
    options: Mapping[str, Any] = body.get("options") or {}
    task = str(body["actor_name"])
    call, shown = None, ""
    if "argsrepr" in options or "kwargsrepr" in options or "content" in options:
        parts = (options.get("argsrepr"), options.get("kwargsrepr"))
        shown = " ".join(str(part) for part in parts if part not in (None, "", "()", "{}"))
    else:
        call = CallArguments(app, task, body["args"], body["kwargs"], excerpts)
    known = app.tasks.get(task)
    retries = int(options.get("retries") or 0)
    most = getattr(known, "max_retries", None)
    hard, soft = (*(options.get("timelimit") or ()), None, None)[:2]
    sent = body.get("message_timestamp")
    return {
        "task": task,
        "call": call,
        "shown": shown,
        "tries": retries,
        "max_tries": most + 1 if isinstance(most, int) and most >= 0 else None,
        "sent_at": sent / 1000 if isinstance(sent, int | float) else None,
        "due_at": parse_iso(options.get("scheduled")),
        "expires_at": parse_iso(options.get("expires")),
        "stamps": dict(options.get("stamps") or {}),
        "root": options.get("root_id"),
        "parent": options.get("parent_id"),
        "options": options,
        "soft_limit": soft if soft is not None else getattr(known, "soft_time_limit", None),
        "hard_limit": hard if hard is not None else getattr(known, "time_limit", None),
    }
