"""The request: what a running task knows of its call, as `self.request`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from taskhub.execution.execution import Execution
from taskhub.request_id import STAMP, bound_request_id


class _RequestId:
    """The id of what a call was made for; see `taskhub.request_id`."""

    def __get__(self, request: Context | None, owner: type) -> str | None:
        if request is None:
            return None
        return stored_request_id(request) or bound_request_id()


class Context:
    """The call that a task runs for, with the attributes of `celery.app.task.Context`.

    Values that the call did not set are the class's defaults; custom headers are attributes, too.
    """

    args: Any = None
    callbacks: list[Any] | None = None
    called_directly: bool = True
    #: The links that follow, the next one last; of a long chain the next few.
    chain: list[Any] | None = None
    #: Where the links behind those are stored: chain, place of the next, number of all.
    chain_continuation: list[Any] | None = None
    chord: Any = None
    correlation_id: str | None = None
    errbacks: list[Any] | None = None
    eta: str | None = None
    expires: str | None = None
    group: str | None = None
    group_index: int | None = None
    headers: dict[str, Any] | None = None
    hostname: str | None = None
    id: str | None = None
    ignore_result: bool | None = False
    is_eager: bool = False
    kwargs: Any = None
    logfile: str | None = None
    loglevel: int | None = None
    origin: str | None = None
    parent_id: str | None = None
    properties: Any = None
    retries: int = 0
    reply_to: str | None = None
    replaced_task_nesting: int = 0
    #: The id of the HTTP request, for example, that the call was made for.
    request_id = _RequestId()
    root_id: str | None = None
    shadow: str | None = None
    task: str | None = None
    taskset: Any = None
    timelimit: Any = None
    time_limit: float | None = None
    soft_time_limit: float | None = None
    utc: bool | None = None
    stamped_headers: list[str] | None = None
    stamps: dict[str, Any] | None = None

    _children: list[Any] | None = None
    _delivery_info: dict[str, Any] | None = None
    #: The request that was current before this one.
    _previous: Context | None = None
    #: The run of the task that answers this request; None: there is none.
    _execution: Execution | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.update(*args, **kwargs)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set attributes from a mapping, pairs, or keywords."""
        values = self.__dict__
        values.update(*args, **kwargs)
        if "delivery_info" in values:
            values["_delivery_info"] = values.pop("delivery_info")
        limits = values.get("timelimit")
        if limits is not None:
            self.time_limit, self.soft_time_limit = limits[0], limits[1]

    def clear(self) -> None:
        """Return to the defaults."""
        self.__dict__.clear()

    def get(self, key: str, default: Any = None) -> Any:
        """Return an attribute, or `default`."""
        return getattr(self, key, default)

    @property
    def children(self) -> list[Any]:
        """The results of the tasks that this one has sent."""
        if self._children is None:
            self._children = []
        return self._children

    @property
    def delivery_info(self) -> dict[str, Any] | None:
        """Where the message came from: exchange, routing_key, priority, redelivered."""
        delivery = None if self._execution is None else self._execution.delivery
        if self._delivery_info is None and delivery is not None:
            self._delivery_info = {
                "exchange": "",
                "routing_key": delivery.queue_name,
                "priority": delivery.options.get("priority"),
                "redelivered": delivery.claim.delivery > 1
                or bool(delivery.options.get("redelivered")),
            }
        return self._delivery_info

    @delivery_info.setter
    def delivery_info(self, value: dict[str, Any] | None) -> None:
        self._delivery_info = value

    def as_execution_options(self) -> dict[str, Any]:
        """Return the options with which the same call is sent again."""
        hard, soft = self.timelimit or (None, None)
        options = {
            "task_id": self.id,
            "root_id": self.root_id,
            "parent_id": self.parent_id,
            "group_id": self.group,
            "group_index": self.group_index,
            "shadow": self.shadow,
            "chord": self.chord,
            "chain": self.chain,
            "chain_continuation": self.chain_continuation,
            "link": self.callbacks,
            "link_error": self.errbacks,
            "expires": self.expires,
            "soft_time_limit": soft,
            "time_limit": hard,
            "headers": dict(self.headers) if self.headers else {},
            "retries": self.retries,
            "reply_to": self.reply_to,
            "replaced_task_nesting": self.replaced_task_nesting,
            "origin": self.origin,
        }
        if self.stamps is not None and self.stamped_headers is not None:
            options["stamped_headers"] = self.stamped_headers
            for name in self.stamped_headers:
                if name in self.stamps:
                    options[name] = self.stamps[name]
        return options

    def __repr__(self) -> str:
        public = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return f"<Context: {public!r}>"


#: Texts of arguments are cut off here, as by Celery's senders.
REPR_LENGTH = 1024


class _Repr:
    """The text of a request's arguments, made when it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, request: Any, owner: type) -> Any:
        if request is None:
            return None
        from taskhub.serialization.safe_repr import safe_repr

        value = getattr(request, self._name)
        return safe_repr(tuple(value) if self._name == "args" else value, REPR_LENGTH)


class _Made:
    """A value of a request that is made when it is asked for, and kept then."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, request: Any, owner: type) -> Any:
        if request is None:
            return None
        value = request.__dict__[self._name] = self._make(request)
        return value


def properties_of(request: Any) -> dict[str, Any]:
    """Return the properties of a message as Celery's on Redis, without those that the call set."""
    info = request.delivery_info or {}
    return {
        "correlation_id": request.id,
        "reply_to": request.reply_to or "",
        "delivery_mode": 2,
        "delivery_info": {name: info.get(name) for name in ("exchange", "routing_key")},
        "priority": info.get("priority") or 0,
    }


class DeliveredContext(Context):
    """The request of a message; what messages leave out has here the value that Celery's have."""

    argsrepr: Any = _Repr("args")
    kwargsrepr: Any = _Repr("kwargs")
    lang: str = "py"
    timelimit: Any = (None, None)
    stamps: Any = _Made(lambda request: {})
    properties: Any = _Made(lambda request: properties_of(request))


#: The fields that requests have.
_PUBLIC = frozenset(name for name in dir(DeliveredContext) if not name.startswith("_"))

_current: ContextVar[Context | None] = ContextVar("taskhub_request", default=None)


def current_request() -> Context | None:
    """Return the request of the innermost running task, None outside of tasks."""
    return _current.get()


def stored_request_id(request: Context) -> str | None:
    """Return the request id that a message brings: its stamp, or a header of the caller's own."""
    values = request.__dict__
    for held in (values.get("stamps"), values.get("headers")):
        found = held.get(STAMP) if held else None
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, str):
            return found
    return None


def current_request_id() -> str | None:
    """Return the id of what runs here: an HTTP request, or the one that a task was called for.

    None: there is none.
    """
    found, request = bound_request_id(), _current.get()
    while found is None and request is not None:
        found, request = stored_request_id(request), request._previous
    return found


def enter(request: Context) -> None:
    """Make a request the current one of this thread or coroutine."""
    request._previous = _current.get()
    _current.set(request)


def leave(request: Context) -> None:
    """Make the request before this one current again."""
    _current.set(request._previous)
    request._previous = None


@contextmanager
def entered(request: Context) -> Generator[Context]:
    """Hold a request for the length of a block."""
    enter(request)
    try:
        yield request
    finally:
        leave(request)


def request_of(delivery: Any, task: Any, nodename: str) -> Context:
    """Return the request of a delivered message."""
    request = DeliveredContext.__new__(DeliveredContext)
    values = request.__dict__
    options = delivery.options
    values.update(options)
    if not _PUBLIC.issuperset(options):
        for name in [name for name in values if name[:1] == "_"]:
            # What a message brings must not pass for what this process knows of it.
            del values[name]
    custom = options.get("headers")
    if custom:
        # As in Celery they are attributes, unless a request has something of its own under that
        # name.
        values.update(
            (name, value)
            for name, value in custom.items()
            if name not in values
            and not hasattr(DeliveredContext, name)
            # With two underscores, as django-structlog's, they are none of ours.
            and (name[:1] != "_" or name[:2] == "__")
        )
        # Tracing libraries put theirs there, and look for them in `request.headers`.
        if isinstance(custom.get("headers"), Mapping):
            values["headers"] = dict(custom["headers"])
    task_id = delivery.message_id
    values["id"] = values["correlation_id"] = task_id
    values["args"] = list(delivery.args)
    values["kwargs"] = delivery.kwargs
    values["task"] = delivery.actor_name
    values["called_directly"] = False
    values["hostname"] = nodename
    values["_execution"] = Execution(task, request, delivery)
    if "root_id" not in options:
        values["root_id"] = task_id
    if "ignore_result" not in options:
        values["ignore_result"] = None if task is None else task.ignore_result
    limits = options.get("timelimit")
    if limits is not None:
        values["time_limit"], values["soft_time_limit"] = limits
    if "properties" in options:
        values["properties"] = {**properties_of(request), **options["properties"]}
    if "scheduled" in options:
        values["eta"] = options["scheduled"]
    return request


def is_expired(expires: str | float | None, now: datetime | None = None) -> bool:
    """Return whether an expiry (ISO 8601 text) has passed."""
    if not expires:
        return False
    at = datetime.fromisoformat(str(expires))
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at <= (now or datetime.now(UTC))
