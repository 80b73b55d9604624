"""Waiting for a result at the terminal, and telling why nothing comes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.cli import exit_codes
from taskhub.cli.output import note, say_json, say_value
from taskhub.cli.progress import ProgressBar
from taskhub.cli.running import CommandError
from taskhub.exceptions import TimeoutError

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result import AsyncResult

#: When nothing has happened for so long, seconds, see whether anybody could do it.
WONDER_AFTER = 3.0


class Wonder:
    """Says once, after a while, if no worker is there to run what is waited for."""

    def __init__(self, app: Celery, queue: str | None = None) -> None:
        self._app = app
        self._queue = queue
        self._at = time.monotonic() + WONDER_AFTER
        self._said = False

    def __call__(self) -> None:
        if self._said or time.monotonic() < self._at:
            return
        self._said = True
        from taskhub.control.asking import live_cards
        from taskhub.control.backlog import is_served

        cards = live_cards(self._app)
        if self._queue is not None and not is_served(self._queue, cards):
            start = f"taskhub worker -Q {self._queue}" if cards else "taskhub worker"
            note(
                f"no live worker serves queue {self._queue}: start one with `{start}`; still waiting"
            )
        elif not cards:
            note(
                "no live worker is there: start one with `taskhub worker` or `taskhub up`; still waiting"
            )


def wait_for(result: AsyncResult[Any], timeout: float | None, wonder: Wonder) -> None:
    """Wait until a task has ended, and show how far it is if it tells.

    Raises:
      CommandError: it did not within `timeout` seconds.
    """
    try:
        with ProgressBar() as bar:
            result.get(
                timeout=timeout, propagate=False, interval=0.5, on_interval=wonder, on_message=bar
            )
    except TimeoutError as error:
        raise CommandError(
            f"task {result.id} is {result.state} after {timeout:g} s: wait on with "
            f"`taskhub result {result.id} --follow`"
        ) from error


def show(result: AsyncResult[Any], *, json: bool, traceback: bool = False) -> int:
    """Print state and value of a task; returns the exit code."""
    state = result.state
    value = result.result
    failed = state in states.PROPAGATE_STATES
    if json:
        say_json(
            {
                "task_id": result.id,
                "state": state,
                "result": _failure(value) if isinstance(value, BaseException) else value,
                "traceback": result.traceback if failed or traceback else None,
            }
        )
    elif failed:
        if traceback and result.traceback:
            note(str(result.traceback).rstrip())
        kind = type(value).__name__
        hint = "" if traceback else f" (taskhub result {result.id} --traceback)"
        note(f"task {result.id} ended as {state}: {kind}: {value}{hint}")
    else:
        say_value(value)
    return exit_codes.FAILURE if failed else exit_codes.OK


def _failure(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "message": str(error)}
