"""Middleware of the broker: only overridden hooks are called, for messages that they concern.

While a task ends, what its middleware enqueues is captured here and leaves in the task's commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware, MiddlewareError

from taskhub.engine.dramatiq.boot_obstacles import end_if_explained
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.message import Envelope

#: The messages that middleware has enqueued since the present task began to end; None: none ends.
_captured: ContextVar[list[Envelope] | None] = ContextVar("taskhub_captured", default=None)

#: The signals that end a task.
_COMPLETION = frozenset(("process_message", "skip_message"))
#: The signals about one message in a worker.
_OF_MESSAGES = frozenset(("process_message", "skip_message", "ack", "nack"))
#: The signals of a program that only sends messages.
_OF_PRODUCERS = frozenset(("declare_actor", "declare_queue", "enqueue"))
#: A task's message with one of these also concerns Dramatiq's own middleware.
NATIVE_OPTIONS = frozenset(("pipe_target", "on_success", "on_failure", "group_completion_uuid"))


def captured_envelopes() -> list[Envelope]:
    """Return the messages that were enqueued since the present task began to end."""
    return _captured.get() or []


def current_capture() -> list[Envelope] | None:
    """Return the list that captures messages which are enqueued now; None: no task ends."""
    return _captured.get()


@contextmanager
def envelopes_captured() -> Generator[None]:
    """Capture what is enqueued in this context, as while a task ends."""
    token = _captured.set([])
    try:
        yield
    finally:
        _captured.reset(token)


class MiddlewareBroker(dramatiq.Broker):
    """A broker whose middleware costs nothing where it has nothing to do, and does nothing twice.

    Args:
        middleware: The middleware to begin with.
        set_up_worker: Sets the broker up for workers and adds their middleware; called when
            middleware is first needed, which it never is in programs that only send messages.
    """

    def __init__(
        self,
        middleware: list[Middleware] | None = None,
        *,
        set_up_worker: Callable[[Any], None] | None = None,
    ) -> None:
        self._set_up_worker: Callable[[Any], None] | None = None
        self._is_setting_up = False
        self._set_up_lock = threading.RLock()
        self._stack: list[Middleware] = []
        self._options: set[str] = set()
        self._hooks: dict[tuple[str, str], list[Callable[..., Any]]] = {}
        # Middleware of ours by the class of Dramatiq's that it stands for.
        self._substitutes: dict[type[Middleware], Middleware] = {}
        self._permanent: set[type[Middleware]] = set()
        super().__init__(middleware)
        self._set_up_worker = set_up_worker

    @property
    def middleware(self) -> list[Middleware]:
        """The middleware, in the order in which it sees messages begin."""
        self.ensure_worker_setup()
        return self._stack

    @middleware.setter
    def middleware(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, stack: list[Middleware]
    ) -> None:
        self._stack = stack

    @property
    def actor_options(self) -> set[str]:
        """The options that native actors may be declared with."""
        self.ensure_worker_setup()
        return self._options

    @actor_options.setter
    def actor_options(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, options: set[str]
    ) -> None:
        self._options = options

    def ensure_worker_setup(self) -> None:
        """Set the broker up for workers, once."""
        if self._set_up_worker is not None:
            with self._set_up_lock:
                self._set_up_once()

    def _set_up_once(self) -> None:
        set_up = self._set_up_worker
        # What adds middleware comes here, too.
        if set_up is None or self._is_setting_up:
            return
        self._is_setting_up = True
        try:
            set_up(self)
            self._set_up_worker = None
        finally:
            self._is_setting_up = False
        self._hooks.clear()

    def add_middleware(
        self,
        middleware: Middleware,
        *,
        before: type[Middleware] | None = None,
        after: type[Middleware] | None = None,
    ) -> None:
        """Add middleware.

        One with an attribute `native_only` does not see the messages of tasks; one with
        `only_when_named` sees those that name one of `NATIVE_OPTIONS`. One of a kind that the
        broker has already (Dramatiq's retries, callbacks, pipelines, results, limits) replaces
        that, and sees the messages that it has seen.

        Args:
            middleware: The middleware.
            before: The class that it is to stand before.
            after: The class that it is to stand after.

        Raises:
            ValueError: There is none of the class `before` or `after`.
        """
        self.ensure_worker_setup()
        ours = self._replaced_by(middleware)
        if any(type(middleware) is kind for kind in self._permanent):
            return
        if ours is None:
            super().add_middleware(middleware, before=before, after=after)
        else:
            index = self.middleware.index(ours)
            self.middleware.remove(ours)
            _take_scope(middleware, ours)
            super().add_middleware(middleware, before=before, after=after)
            if not (before or after):
                self.middleware.remove(middleware)
                self.middleware.insert(index, middleware)
            self._substitutes = {
                kind: other for kind, other in self._substitutes.items() if other is not ours
            }
        self._hooks.clear()

    def remove_middleware(self, is_wanted: Callable[[Middleware], bool]) -> None:
        """Remove the middleware for which a function returns True."""
        self.middleware[:] = [found for found in self.middleware if not is_wanted(found)]
        self._hooks.clear()

    def add_substitute(
        self, middleware: Middleware, stands_for: type[Middleware], *, permanent: bool = False
    ) -> None:
        """Add middleware of ours that does what Dramatiq's of a class does.

        Args:
            middleware: The middleware.
            stands_for: The class; a program's own middleware of it replaces ours.
            permanent: It does not: a program's own is not added.
        """
        self.add_middleware(middleware)
        self._substitutes[stands_for] = middleware
        if permanent:
            self._permanent.add(stands_for)

    def replace_substitutes(self, middleware: Iterable[Middleware]) -> None:
        """Replace all middleware that stands for Dramatiq's by exactly this."""
        self.ensure_worker_setup()
        for kind, ours in list(self._substitutes.items()):
            if kind not in self._permanent:
                self.middleware.remove(ours)
        for one in middleware:
            replaced = self._replaced_by(one)
            if replaced is not None:
                _take_scope(one, replaced)
            if type(one) not in self._permanent:
                super().add_middleware(one)
        self._substitutes = {
            kind: ours for kind, ours in self._substitutes.items() if kind in self._permanent
        }
        self._hooks.clear()

    def _replaced_by(self, middleware: Middleware) -> Middleware | None:
        for replaced, ours in self._substitutes.items():
            if isinstance(middleware, replaced) and middleware is not ours:
                return ours
        return None

    def _hooks_for(self, name: str, kind: str = "native") -> list[Callable[..., Any]]:
        hooks = self._hooks.get((name, kind))
        if hooks is None:
            needs_no_worker = name.partition("_")[2] in _OF_PRODUCERS
            found = self._stack if needs_no_worker else self.middleware
            stack = found if name.startswith("before") else reversed(found)
            default = getattr(Middleware, name, None)
            hooks = [
                getattr(middleware, name)
                for middleware in stack
                if getattr(type(middleware), name, None) is not default
                and not (kind != "native" and getattr(middleware, "native_only", False))
                and not (kind == "task" and getattr(middleware, "only_when_named", False))
            ]
            self._hooks[name, kind] = hooks
        return hooks

    def _kind_of(self, message: Delivery) -> str:
        """Return the kind of a message: "native", "task", or "mixed" (with `NATIVE_OPTIONS`)."""
        if message.kind is None:
            if not getattr(self.actors.get(message.actor_name), "is_task", False):
                message.kind = "native"
            else:
                message.kind = "task" if NATIVE_OPTIONS.isdisjoint(message.options) else "mixed"
        return message.kind

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        kind = self._kind_of(args[0]) if signal in _OF_MESSAGES else "native"
        for hook in self._hooks_for("before_" + signal, kind):
            try:
                hook(self, *args, **kwargs)
            except MiddlewareError:
                raise
            except Exception as error:
                if signal == "worker_boot":
                    # A worker that is not set up would go on and do nothing.
                    end_if_explained(error)
                    raise
                self.logger.critical("Unexpected failure in %r.", hook, exc_info=True)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        kind, token = "native", None
        if signal in _COMPLETION:
            end_if_forked_child(kwargs.get("exception"))
            token = _captured.set([])
        if signal in _OF_MESSAGES:
            kind = self._kind_of(args[0])
        for hook in self._hooks_for("after_" + signal, kind):
            try:
                hook(self, *args, **kwargs)
            except BaseException as error:
                if token is None and not isinstance(error, Exception):
                    raise
                end_if_forked_child(error)
                # While a task ends nothing may stop the others, `SystemExit` included: its outcome
                # would be lost.
                self.logger.critical("Unexpected failure in %r.", hook, exc_info=True)
        if token is not None:
            _captured.reset(token)


def _take_scope(middleware: Middleware, ours: Middleware) -> None:
    """Let middleware see the messages that the one which it replaces has seen."""
    for name in ("native_only", "only_when_named"):
        if getattr(ours, name, False):
            vars(middleware)[name] = True
