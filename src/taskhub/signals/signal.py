"""Signal dispatch with the semantics of Celery's `celery.utils.dispatch.Signal`."""

from __future__ import annotations

import inspect
import logging
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Hashable, Iterable
from functools import wraps
from typing import Any, NamedTuple, TypeVar, overload

from taskhub.exceptions import CDeprecationWarning

logger = logging.getLogger(__name__)

Receiver = Callable[..., Any]
F = TypeVar("F", bound=Receiver)

#: Pauses before a receiver that was connected with `retry` is called again, seconds: the first, how
#: much longer each next one is, and the longest; Celery's.
FIRST_PAUSE, PAUSE_STEP, LONGEST_PAUSE = 2.0, 2.0, 30.0


class _Connection(NamedTuple):
    """A receiver, and the sender of the signals that it gets."""

    #: Its identity: receiver (or `dispatch_uid`) and sender.
    key: Hashable
    #: Returns the receiver; None: it is gone.
    find: Callable[[], Receiver | None]
    #: None: any.
    sender: Any


class Signal:
    """Calls its receivers, in the order in which they were connected.

    Without receivers, sending costs one look at `receivers`.

    Args:
        providing_args: the names of the arguments that receivers get besides `sender` and `signal`.
        use_caching: accepted as Celery's, without effect.
        name: for people.
    """

    def __init__(
        self,
        providing_args: Iterable[str] | None = None,
        use_caching: bool = False,
        name: str | None = None,
    ) -> None:
        self.name = name
        self.providing_args = set(providing_args or ())
        #: Replaced, never changed in place, so that it can be read without a lock.
        self.receivers: list[_Connection] = []
        self._lock = threading.Lock()
        self._any_gone = False

    # -- connecting

    @overload
    def connect(
        self,
        receiver: F,
        sender: Any = None,
        weak: bool = True,
        dispatch_uid: Any = None,
        retry: bool = False,
    ) -> F: ...
    @overload
    def connect(
        self,
        *,
        sender: Any = None,
        weak: bool = True,
        dispatch_uid: Any = None,
        retry: bool = False,
    ) -> Callable[[F], F]: ...
    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Connect a receiver; without one, return a decorator that does.

        Args:
            *args: `receiver`, which is called with `signal`, `sender` and the signal's arguments,
                all by keyword; then the options below, in this order.
            **kwargs: `sender` is the only one whose signals the receiver gets: an object, or a text
                that equals it; None: all. What stands for another object, as a shared task does,
                is looked up when a signal is sent. `weak` holds the receiver weakly: it is
                disconnected when nothing else refers to it. `dispatch_uid` names the receiver: a
                second one of that name and sender is not connected. `retry` calls it again, after
                ever longer pauses, until it succeeds; it is held strongly.

        Raises:
            ValueError: The receiver does not take arguments that it does not name.
        """
        if args and callable(args[0]):
            return self._connect(*args, **kwargs)
        return lambda receiver: self._connect(receiver, *args, **kwargs)

    def _connect(
        self,
        receiver: Receiver,
        sender: Any = None,
        weak: bool = True,
        dispatch_uid: Any = None,
        retry: bool = False,
    ) -> Receiver:
        if not _takes_any_keyword(receiver):
            raise ValueError("Signal receiver must accept keyword arguments.")
        key = (dispatch_uid or _identity(receiver), _identity(sender))
        if retry:
            receiver, weak = _until_it_succeeds(receiver), False
        find = self._weakly(receiver) if weak else lambda: receiver
        with self._lock:
            self._drop_gone()
            if all(connection.key != key for connection in self.receivers):
                self.receivers = [*self.receivers, _Connection(key, find, sender)]
        return receiver

    def _weakly(self, receiver: Receiver) -> Callable[[], Receiver | None]:
        def gone(_: Any) -> None:
            # Called by the garbage collector, perhaps while this thread holds the lock.
            self._any_gone = True

        if inspect.ismethod(receiver):
            return weakref.WeakMethod(receiver, gone)
        return weakref.ref(receiver, gone)

    def disconnect(
        self,
        receiver: Receiver | None = None,
        sender: Any = None,
        weak: bool | None = None,
        dispatch_uid: Any = None,
    ) -> bool:
        """Disconnect a receiver, named as it was connected; returns whether it was connected."""
        if weak is not None:
            warnings.warn(
                "Passing `weak` to disconnect has no effect.", CDeprecationWarning, stacklevel=2
            )
        key = (dispatch_uid or _identity(receiver), _identity(sender))
        with self._lock:
            self._drop_gone()
            kept = [connection for connection in self.receivers if connection.key != key]
            was_connected = len(kept) < len(self.receivers)
            self.receivers = kept
        return was_connected

    def has_listeners(self, sender: Any = None) -> bool:
        """Return whether a signal of this sender has receivers."""
        return bool(self._listening(sender))

    # -- sending

    def send(self, sender: Any, **named: Any) -> list[tuple[Receiver, Any]]:
        """Call the receivers; returns each with what it returned, or with what it raised.

        An exception of a receiver is logged; the sender and the other receivers go on.
        """
        if not self.receivers:
            return []
        replies: list[tuple[Receiver, Any]] = []
        for receiver in self._listening(sender):
            try:
                replies.append((receiver, receiver(signal=self, sender=sender, **named)))
            except Exception as error:
                logger.exception("Signal handler %r raised: %r", receiver, error)
                replies.append((receiver, error))
        return replies

    send_robust = send

    def _listening(self, sender: Any) -> list[Receiver]:
        if self._any_gone:
            with self._lock:
                self._drop_gone()
        found = (
            connection.find()
            for connection in self.receivers
            if connection.sender is None or _is_same(connection.sender, sender)
        )
        return [receiver for receiver in found if receiver is not None]

    def _drop_gone(self) -> None:
        if self._any_gone:
            self._any_gone = False
            self.receivers = [held for held in self.receivers if held.find() is not None]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name} providing_args={self.providing_args!r}>"


def raise_first(replies: Iterable[tuple[Receiver, Any]]) -> None:
    """Raise the first exception among the replies to a signal whose receivers must not fail."""
    for _, reply in replies:
        if isinstance(reply, Exception):
            raise reply


def _identity(target: Any) -> Hashable:
    """Return the identity of a receiver or a sender."""
    if isinstance(target, str | bytes):
        return target
    if inspect.ismethod(target):
        # Python makes it at each access.
        return id(target.__self__), id(target.__func__)
    return id(target)


def _is_same(wanted: Any, sender: Any) -> bool:
    if isinstance(wanted, str | bytes):
        return bool(wanted == sender)
    return _itself(wanted) is _itself(sender)


def _itself(sender: Any) -> Any:
    """Return what an object stands for, which is mostly itself.

    Looked up on the class: a stand-in passes the look-up of its attributes on.
    """
    stands_for = getattr(type(sender), "__signal_sender__", None)
    return sender if stands_for is None else stands_for(sender)


def _takes_any_keyword(function: Receiver) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        # Written in C: unknown.
        return True
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _until_it_succeeds(receiver: Receiver) -> Receiver:
    @wraps(receiver)
    def persistent(*args: Any, **kwargs: Any) -> Any:
        pause = FIRST_PAUSE
        while True:
            try:
                return receiver(*args, **kwargs)
            except Exception:
                logger.exception(
                    "Could not process signal receiver %r. Retrying in %g seconds...",
                    receiver,
                    pause,
                )
                time.sleep(pause)
                pause = min(pause + PAUSE_STEP, LONGEST_PAUSE)

    return persistent
