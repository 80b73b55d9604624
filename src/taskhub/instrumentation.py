"""Instrumentation: what tracing libraries see of messages and runs, and add to headers.

An *instrument* (`taskhub.contrib.opentelemetry`, `taskhub.contrib.sentry`) is installed for the
whole process. Without one each call and each run costs one look at `active`. What an instrument
raises is logged, and changes nothing for the task.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self, TypeVar

logger = logging.getLogger(__name__)

R = TypeVar("R")

#: The headers of a message that instruments have added, e.g. `traceparent`.
Headers = Mapping[str, str]


class OutgoingMessage(NamedTuple):
    """A message that is made, before it is stored."""

    task: str
    task_id: str
    queue: str
    #: Its options, as they are stored: `retries`, `root_id`, `headers`, ...
    options: Mapping[str, Any]
    #: Of the message: has its `engine`.
    broker: Any
    is_native: bool = False


class Sending:
    """One request that stores messages, from its beginning to its end."""

    #: For the message, if it is one.
    headers: Headers = MappingProxyType({})

    def end(self, error: BaseException | None) -> None:
        """End it; with what it raised, if it failed."""


class Instrument:
    """What is called about messages and runs; here each method does nothing."""

    def create(self, message: OutgoingMessage) -> Headers:
        """Return the headers of a message that is stored later: with others, or in a commit."""
        return {}

    def send(self, message: OutgoingMessage) -> Sending:
        """Begin to store one message, in the thread that calls its task."""
        return Sending()

    def send_batch(self, broker: Any, queues: Sequence[str], created: Sequence[Headers]) -> Sending:
        """Begin to store messages at once.

        Args:
            broker: Of the messages.
            queues: The queue of each.
            created: The headers that `create` has returned for them.
        """
        return Sending()

    def begin(self, delivery: Any, app: Any) -> Any:
        """Begin the run of a delivery, in the thread that runs it; returns what `end` gets.

        Args:
            delivery: The message.
            app: The app of the worker.
        """

    def link(self, run: Any, headers: Sequence[Headers]) -> None:
        """Note the runs whose results a run is called with: those of a chord's header."""

    def end(self, run: Any, delivery: Any, outcome: Any) -> None:
        """End a run with its outcome; None: unknown. Perhaps in another thread."""

    def leave(self, run: Any) -> None:
        """Leave a run, in the thread that began it, after its end."""

    def resume(self, run: Any) -> Any:
        """Return a context manager: what is done in it belongs to the run."""
        return ExitStack()

    def current_headers(self) -> Headers:
        """Return the headers that name what runs now."""
        return {}

    def log_fields(self) -> Mapping[str, str]:
        """Return the fields of log records that name what runs now."""
        return {}


#: The instruments; replaced, never changed in place.
active: tuple[Instrument, ...] = ()

_lock = threading.Lock()


def install(instrument: Instrument) -> None:
    """Install an instrument for this process."""
    global active
    with _lock:
        active = (*active, instrument)


def uninstall(instrument: Instrument) -> None:
    """Remove an instrument; runs that it has begun are ended by it all the same."""
    global active
    with _lock:
        active = tuple(found for found in active if found is not instrument)


def _guarded(function: Callable[..., R], *arguments: Any) -> R | None:
    try:
        return function(*arguments)
    except Exception:
        logger.exception("instrumentation has failed; tasks go on without it")
        return None


# -- messages


def headers_of(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the headers of a message's options; none where something else stands there."""
    found = options.get("headers")
    return found if isinstance(found, Mapping) else {}


def create(message: OutgoingMessage) -> dict[str, str]:
    """Return what all instruments add to the headers of a message that is stored later."""
    added: dict[str, str] = {}
    for instrument in active:
        _add(added, _guarded(instrument.create, message) or {})
    return added


def _add(added: dict[str, str], more: Headers) -> None:
    """Add the headers of one instrument to those of others; `baggage` is a list of theirs all."""
    for name, value in more.items():
        joined = (added[name], value) if name == "baggage" and name in added else (value,)
        added[name] = ",".join(joined)


class SendOperation:
    """A block that stores one message, or a batch, for all instruments."""

    def __init__(self) -> None:
        self._sendings: list[Sending] = []

    def send(self, message: OutgoingMessage) -> dict[str, str]:
        """Begin with one message; returns the headers to add to it."""
        added: dict[str, str] = {}
        for instrument in active:
            sending = _guarded(instrument.send, message)
            if sending is not None:
                self._sendings.append(sending)
                _add(added, sending.headers)
        return added

    def send_batch(self, broker: Any, queues: Sequence[str], created: Sequence[Headers]) -> None:
        """Begin with a batch of messages that were made before."""
        for instrument in active:
            sending = _guarded(instrument.send_batch, broker, queues, created)
            if sending is not None:
                self._sendings.append(sending)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for sending in reversed(self._sendings):
            _guarded(sending.end, error)


# -- runs

#: The runs of a delivery: each instrument, and what its `begin` has returned.
Runs = list[tuple[Instrument, Any]]


def _runs_of(delivery: Any) -> Runs:
    runs: Runs | None = delivery.runs
    return runs or []


def begin(delivery: Any, app: Any) -> None:
    """Begin the run of a delivery for all instruments, in the thread that runs it."""
    delivery.runs = [
        (instrument, _guarded(instrument.begin, delivery, app)) for instrument in active
    ]


def link(delivery: Any, headers: Iterable[Headers]) -> None:
    """Note the runs whose results the run of a delivery is called with."""
    found = [each for each in headers if each]
    if found:
        for instrument, run in _runs_of(delivery):
            _guarded(instrument.link, run, found)


def end(delivery: Any, outcome: Any) -> None:
    """End the run of a delivery, from any thread."""
    for instrument, run in reversed(_runs_of(delivery)):
        _guarded(instrument.end, run, delivery, outcome)


def leave(delivery: Any) -> None:
    """Leave the run of a delivery, in the thread that began it."""
    for instrument, run in reversed(_runs_of(delivery)):
        _guarded(instrument.leave, run)
    delivery.runs = None


@contextmanager
def resumed(delivery: Any) -> Generator[None]:
    """Do something in another thread that belongs to the run of a delivery."""
    with ExitStack() as held:
        for instrument, run in _runs_of(delivery):
            found = _guarded(instrument.resume, run)
            if found is not None:
                held.enter_context(found)
        yield


def current_headers() -> dict[str, str]:
    """Return the headers that name what runs now, of all instruments."""
    found: dict[str, str] = {}
    for instrument in active:
        found.update(_guarded(instrument.current_headers) or {})
    return found


def log_fields() -> dict[str, str]:
    """Return the fields of log records that name what runs now, of all instruments."""
    found: dict[str, str] = {}
    for instrument in active:
        found.update(_guarded(instrument.log_fields) or {})
    return found
