"""Steps that start and stop with a worker process: `app.steps["worker"]`.

Celery builds its worker from such steps; here they are run beside it: liveness files, health
endpoints and the like. They run in each process that runs tasks, since the supervisor imports no
code of users.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.utils.timer2 import Timer
from taskhub.config.source import load_object
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub import Celery

logger = logging.getLogger("taskhub.worker")

__all__ = (
    "CLOSE",
    "RUN",
    "TERMINATE",
    "Blueprint",
    "ConsumerStep",
    "StartStopStep",
    "Step",
)

#: States of a blueprint, as Celery's numbers.
RUN, CLOSE, TERMINATE = 0x1, 0x2, 0x3


class Step:
    """Something that is made when a worker process starts.

    Args:
        parent: The worker.
        kwargs: Options of the worker.
    """

    #: The step's name; by default the path of its class.
    name: str | None = None
    label: str | None = None
    conditional = False
    #: Steps, or their paths, that come before this one; those of Celery's own worker count as done.
    requires: Iterable[Any] = ()
    #: Whether it comes behind all others.
    last = False
    enabled = True

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        """Make the step; subclasses may read options here."""

    @property
    def alias(self) -> str:
        """The name in logs."""
        return self.label or _name(type(self)).rpartition(".")[2]

    def include_if(self, parent: Any) -> bool:
        """Return whether the step is used."""
        return self.enabled

    def instantiate(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        """Return an object of the class that a path leads to."""
        return (load_object(name) if isinstance(name, str) else name)(*args, **kwargs)

    def include(self, parent: Any) -> bool:
        """Use the step if `include_if` says so; returns whether it is used."""
        if not self.include_if(parent):
            return False
        self.create(parent)
        return True

    def create(self, parent: Any) -> Any:
        """Called when the step is used, before any is started."""

    def __repr__(self) -> str:
        return f"<step: {self.alias}>"


class StartStopStep(Step):
    """Something that is started and stopped with a worker process.

    Its `create` may return an object with `start` and `stop`, which are called then.
    """

    #: What `create` has returned.
    obj: Any = None

    def start(self, parent: Any) -> Any:
        """Called when the worker has started."""
        if self.obj:
            return self.obj.start()
        return None

    def stop(self, parent: Any) -> Any:
        """Called when the worker ends."""
        if self.obj:
            return self.obj.stop()
        return None

    def close(self, parent: Any) -> None:
        """Called when the worker begins to end."""

    def terminate(self, parent: Any) -> None:
        """Called instead of `stop` where a step has it and Celery's worker ends at once."""
        if self.obj:
            getattr(self.obj, "terminate", self.obj.stop)()

    def include(self, parent: Any) -> bool:
        """Use the step if `include_if` says so; returns whether it is used."""
        if not self.include_if(parent):
            return False
        self.obj = self.create(parent)
        return True


class ConsumerStep(StartStopStep):
    """A step that consumes AMQP messages, which is unsupported."""

    def get_consumers(self, channel: Any) -> Any:
        """Return the consumers. Subclasses define it.

        Raises:
            NotImplementedError: It was not defined.
        """
        raise NotImplementedError("missing get_consumers")

    def start(self, parent: Any) -> None:
        """Say that it cannot be.

        Raises:
            ImproperlyConfigured: Always.
        """
        raise ImproperlyConfigured(
            f"{_name(type(self))} consumes AMQP messages, which taskhub's store does not have: run "
            "a program of your own with kombu for them, and send tasks from it"
        )


class Blueprint:
    """The steps of a worker, in the order in which they start.

    Args:
        steps: The steps, or their paths.
        name: What they belong to, for logs.
        on_start, on_close, on_stopped: Called when the steps have started, are to end, and have
            ended.
    """

    #: Steps that belong to it by default.
    default_steps: Iterable[Any] = ()

    def __init__(
        self,
        steps: Iterable[Any] | None = None,
        name: str | None = None,
        on_start: Callable[[], object] | None = None,
        on_close: Callable[[], object] | None = None,
        on_stopped: Callable[[], object] | None = None,
    ) -> None:
        self.name = name or type(self).__name__
        self.types = [*self.default_steps, *(steps or ())]
        self.on_start, self.on_close, self.on_stopped = on_start, on_close, on_stopped
        self.state: int | None = None
        self.order: list[Any] = []
        self.steps: dict[str, Any] = {}

    def apply(self, parent: Any, **kwargs: Any) -> Blueprint:
        """Make the steps; those that are used are in `parent.steps` and `order`.

        Raises:
            ImproperlyConfigured: Steps require each other in a circle.
        """
        classes = {_name(one): one for one in map(_loaded, self.types)}
        for kind in _ordered(classes):
            step = kind(parent, **kwargs)
            self.steps[_name(kind)] = step
            if step.include(parent):
                self.order.append(step)
        parent.steps = list(self.order)
        return self

    def start(self, parent: Any) -> None:
        """Start the steps, in order."""
        self.state = RUN
        if self.on_start:
            self.on_start()
        for step in self.order:
            if hasattr(step, "start"):
                step.start(parent)

    def close(self, parent: Any) -> None:
        """Close the steps, the last one first: the worker begins to stop."""
        self.state = CLOSE
        if self.on_close:
            self.on_close()
        self._call_steps(parent, "close")

    def stop(self, parent: Any, close: bool = True, terminate: bool = False) -> None:
        """Stop the steps, the last one first."""
        if close and self.state == RUN:
            self.close(parent)
        self._call_steps(parent, "terminate" if terminate else "stop")
        self.state = TERMINATE
        if self.on_stopped:
            self.on_stopped()

    def _call_steps(self, parent: Any, method: str) -> None:
        for step in reversed(self.order):
            found = getattr(step, method, None)
            if found is not None:
                try:
                    found(parent)
                except Exception:
                    # A step that fails must not keep the others, and the worker, from stopping.
                    logger.exception("%s of step %s failed", method, step.alias)

    def __getitem__(self, name: str) -> Any:
        return self.steps[name]


class StepRunner:
    """Runs the steps of an app's worker process.

    Args:
        app: Has the steps, in `app.steps["worker"]` and `app.steps["consumer"]`.
        worker: The worker, which the steps get.
    """

    def __init__(self, app: Celery, worker: Any) -> None:
        self._worker = worker
        self._blueprint = Blueprint([*app.steps["worker"], *app.steps["consumer"]], "Worker")

    @property
    def has_steps(self) -> bool:
        """Whether there is anything to run."""
        return bool(self._blueprint.types)

    def begin(self) -> None:
        """Make the steps and start them.

        Raises:
            Exception: What a step raises: the worker does not start then.
        """
        worker = self._worker
        worker.timer = Timer()
        self._blueprint.apply(worker, **(getattr(worker, "options", None) or {}))
        self._blueprint.start(worker)

    def close(self) -> None:
        """Close the steps: the worker begins to stop."""
        if self._blueprint.state == RUN:
            self._blueprint.close(self._worker)

    def end(self) -> None:
        """Stop the steps."""
        if self._blueprint.state is not None:
            self._blueprint.stop(self._worker)
            self._worker.timer.stop()


def _name(kind: Any) -> str:
    return str(getattr(kind, "name", None) or f"{kind.__module__}.{kind.__qualname__}")


def _loaded(step: Any) -> Any:
    return load_object(step) if isinstance(step, str) else step


def _ordered(classes: dict[str, Any]) -> list[Any]:
    """Return classes of steps in the order of their requirements, the same every time.

    Raises:
        ImproperlyConfigured: They require each other in a circle.
    """
    needs: dict[str, list[str]] = {}
    for name in sorted(classes, key=lambda one: (bool(getattr(classes[one], "last", False)), one)):
        required = getattr(classes[name], "requires", None) or ()
        names = [
            one.replace(":", ".") if isinstance(one, str) else _name(one)
            for one in ([required] if isinstance(required, str) else required)
        ]
        needs[name] = [one for one in names if one in classes]
        if getattr(classes[name], "last", False):
            needs[name] += [other for other in classes if not getattr(classes[other], "last", 0)]
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ImproperlyConfigured(f"bootsteps require each other: {error.args[1]}") from None
    return [classes[name] for name in order]


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
