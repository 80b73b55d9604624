"""When and with what a task is tried again."""

from __future__ import annotations

import functools
import inspect
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from taskhub.exceptions import Ignore, Retry
from taskhub.worker.limits.interrupting import OnEventLoop


def backoff(factor: int, retries: int, maximum: int, full_jitter: bool) -> int:
    """Return the seconds before the next try: `factor * 2 ** retries`, at most `maximum`.

    With `full_jitter` it is a random number from 0 to that, so that tries do not come in waves. As
    Celery's
    `get_exponential_backoff_interval`.
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
    """Return the arguments of the next try: what `retry(args=, kwargs=)` names, and else those of
    this one.

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

    Parameters are Celery's: `autoretry_for`, `dont_autoretry_for`, `retry_kwargs`, `retry_backoff`
    (seconds, or True for
    1), `retry_backoff_max` (seconds), `retry_jitter`.
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
        """Return the body of a task with these retries around it."""

        def again(error: Exception) -> Exception:
            request = task.request
            options = self.options(request.retries)
            if request._max_retries is not None:
                options["max_retries"] = request._max_retries
            retry: Exception = task.retry(exc=error, **options)
            return retry

        if inspect.iscoroutinefunction(run):

            @functools.wraps(run)
            async def retried_coroutine(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await run(*args, **kwargs)
                except (Ignore, Retry):
                    raise
                except Exception as error:
                    if not self.wants(error):
                        raise
                    raise again(error) from error

            return retried_coroutine

        @functools.wraps(run)
        def retried(*args: Any, **kwargs: Any) -> Any:
            try:
                return run(*args, **kwargs)
            except (Ignore, Retry):
                raise
            except Exception as error:
                if not self.wants(error):
                    raise
                raise again(error) from error

        return retried


def add_autoretry_behaviour(task: Any, /, **options: Any) -> None:
    """Put the automatic retries that options or the task itself name around its body, once."""
    retries = AutoRetry(options, task)
    if retries.retry_for and not hasattr(task.run, "_retries"):
        run: Any = retries.around(task, task.run)
        run._retries = True
        task.run = run
        if hasattr(task, "fn"):
            # It is an actor already.
            task.fn = OnEventLoop(run) if inspect.iscoroutinefunction(run) else run


def raise_in_context(error: BaseException) -> NoReturn:
    """Raise an exception; one that is being handled already goes on as it is, another becomes its
    cause.
    """
    handled = sys.exception()
    if handled is None or handled is error:
        raise error
    raise error from handled
