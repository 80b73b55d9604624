"""Retries of a task: automatic ones, their delay, and the arguments of the next try."""

from __future__ import annotations

import functools
import inspect
import random
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NoReturn

from taskhub.call.values import check_number
from taskhub.exceptions import Ignore, ImproperlyConfigured, QueueNotFound, Reject, Retry
from taskhub.execution.execution import execution_of
from taskhub.execution.interruption import OnEventLoop


def backoff(factor: int, retries: int, maximum: int, full_jitter: bool) -> int:
    """Return the seconds before the next try: `factor * 2 ** retries`, at most `maximum`.

    With `full_jitter` it is a random number from 0 to that, so that tries do not come in waves. As
    Celery's `get_exponential_backoff_interval`.
    """
    countdown: int = min(maximum, factor * 2**retries)
    if full_jitter:
        countdown = random.randrange(countdown + 1)
    return max(0, countdown)


def arguments_of_retry(
    run: Callable[..., Any],
    inherited: tuple[Sequence[Any], Mapping[str, Any]],
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Return the arguments of the next try: those of `retry(args=, kwargs=)`, or of this one.

    A parameter that is given one way replaces what was inherited the other way (celery#6494).
    """
    old_args, old_kwargs = inherited
    if args is not None and kwargs is not None:
        return args, kwargs
    if args is None and kwargs is None:
        return old_args, old_kwargs
    try:
        signature = inspect.signature(run)
    except (TypeError, ValueError):
        return (old_args if args is None else args), (old_kwargs if kwargs is None else kwargs)
    if args is not None:
        positional = [
            parameter
            for parameter in signature.parameters.values()
            if parameter.kind
            in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        ]
        taken = {
            parameter.name
            for parameter in positional[: len(args)]
            if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        }
        return args, {name: value for name, value in old_kwargs.items() if name not in taken}
    assert kwargs is not None
    try:
        bound = signature.bind_partial(*old_args)
    except TypeError:
        return old_args, kwargs
    left = dict(kwargs)
    for name in list(left):
        parameter = signature.parameters.get(name)
        if (
            name in bound.arguments
            and parameter is not None
            and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ):
            bound.arguments[name] = left.pop(name)
    return bound.args, {**bound.kwargs, **left}


class AutoRetry:
    """The automatic retries of one task, from its options.

    Options are Celery's: `autoretry_for`, `dont_autoretry_for`, `retry_kwargs`, `retry_backoff`
    (seconds, or True for 1), `retry_backoff_max` (seconds), `retry_jitter`.
    """

    def __init__(self, options: Mapping[str, Any], task: Any) -> None:
        def option(name: str, default: Any) -> Any:
            return options.get(name, getattr(task, name, default))

        self.retry_for: tuple[type[BaseException], ...] = tuple(option("autoretry_for", ()))
        self.never_for: tuple[type[BaseException], ...] = tuple(option("dont_autoretry_for", ()))
        self.retry_kwargs: dict[str, Any] = dict(option("retry_kwargs", {}))
        self.backoff = float(option("retry_backoff", False))
        self.backoff_max = int(option("retry_backoff_max", 600))
        self.jitter = bool(option("retry_jitter", True))

    def wants(self, error: BaseException) -> bool:
        """Return whether an exception is to be retried."""
        return isinstance(error, self.retry_for) and not isinstance(error, self.never_for)

    def options(self, retries: int) -> dict[str, Any]:
        """Return what `retry` is called with after so many retries."""
        options = dict(self.retry_kwargs)
        if self.backoff:
            options["countdown"] = backoff(
                int(max(1.0, self.backoff)), retries, self.backoff_max, self.jitter
            )
        return options

    def around(self, task: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        """Return the body of a task, wrapped in these retries."""
        if inspect.iscoroutinefunction(run):

            @functools.wraps(run)
            async def retried_coroutine(*args: Any, **kwargs: Any) -> Any:
                return await self._await(task, run(*args, **kwargs))

            return retried_coroutine

        @functools.wraps(run)
        def retried(*args: Any, **kwargs: Any) -> Any:
            try:
                value = run(*args, **kwargs)
            except (Ignore, Retry):
                raise
            except Exception as error:
                if not self.wants(error):
                    raise
                raise self._retry(task, error) from error
            return self._await(task, value) if inspect.iscoroutine(value) else value

        return retried

    async def _await(self, task: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Await the body of a task with these retries."""
        try:
            return await coroutine
        except (Ignore, Retry):
            raise
        except Exception as error:
            if not self.wants(error):
                raise
            raise self._retry(task, error) from error

    def _retry(self, task: Any, error: Exception) -> Exception:
        request = task.request
        options = self.options(request.retries)
        max_retries = execution_of(request).max_retries
        if max_retries is not None:
            options["max_retries"] = max_retries
        retry: Exception = task.retry(exc=error, **options)
        return retry


def add_autoretry_behaviour(task: Any, /, **options: Any) -> None:
    """Wrap the body of a task in its automatic retries, once."""
    retries = AutoRetry(options, task)
    if retries.retry_for and not hasattr(task.run, "_retries"):
        run: Any = retries.around(task, task.run)
        run._retries = True
        task.run = run
        if hasattr(task, "fn"):
            # It is an actor already.
            task.fn = OnEventLoop(run) if inspect.iscoroutinefunction(run) else run


def raise_in_context(error: BaseException) -> NoReturn:
    """Raise an exception, with the one that is being handled as its cause."""
    handled = sys.exception()
    if handled is None or handled is error:
        raise error
    raise error from handled


def begin_retry(
    task: Any,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    exc: BaseException | type[BaseException] | None,
    when: tuple[Any, float | None],
    max_retries: int | None,
    options: Mapping[str, Any],
) -> Retry:
    """Publish the next try of a task's current call with this run, and return the `Retry` to raise.

    Args:
        task: The task.
        args: Other positional arguments than those of this try.
        kwargs: Other keyword arguments.
        exc: What went wrong.
        when: The eta and the countdown of the next try.
        max_retries: Instead of the task's, for this call.
        options: Further options of the next call.

    Raises:
        MaxRetriesExceededError: No retries are left, and there is no `exc`.
    """
    eta, countdown = when
    if max_retries is not None:
        check_number("max_retries", max_retries)
    request = task.request
    if isinstance(exc, type):
        exc = exc()
    retries = request.retries + 1
    if max_retries is not None:
        execution_of(request).max_retries = max_retries
    limit = task.max_retries if max_retries is None else max_retries
    if request.called_directly:
        raise_in_context(exc or Retry("Task can be retried", None))
    if not eta and countdown is None:
        countdown = task.default_retry_delay
    inherited = (request.args or (), request.kwargs or {})
    new_args, new_kwargs = arguments_of_retry(task.run, inherited, args, kwargs)
    if limit is not None and retries > limit:
        if exc is not None:
            raise_in_context(exc)
        raise _exceeded(task, request.id, new_args, new_kwargs)
    signature = task.signature_from_request(
        request, new_args, new_kwargs, countdown=countdown, eta=eta, retries=retries, **options
    )
    retry = Retry(exc=exc, when=eta or countdown, is_eager=request.is_eager, sig=signature)
    if not request.is_eager:
        _publish(task, signature)
    return retry


def _publish(task: Any, signature: Any) -> None:
    """Publish a signature in the commit of a task's current call."""
    request = task.request
    try:
        execution_of(request).collect([task.app.calls.envelope_of(signature, task)], (), ())
    except (ImproperlyConfigured, QueueNotFound, TypeError, ValueError, OverflowError):
        # An option that cannot be used fails the task where it was given.
        raise
    except Exception as error:
        raise Reject(error, requeue=False) from error


def _exceeded(
    task: Any, task_id: str | None, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Exception:
    """Return the error of a task without retries left."""
    error: Exception = task.MaxRetriesExceededError(
        f"Can't retry {task.name}[{task_id}] args:{args} kwargs:{kwargs}",
        task_args=args,
        task_kwargs=kwargs,
    )
    return error
