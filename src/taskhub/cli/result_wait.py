"""Waiting for a result at the terminal, and explaining why nothing arrives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.output import note, say_json, say_value, shortened
from taskhub.cli.progress import ProgressBar
from taskhub.command_hint import command_hint, serving_hint
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
        from taskhub.control.backlog import is_served
        from taskhub.control.broadcast import live_worker_infos

        worker_infos = live_worker_infos(self._app)
        if self._queue is not None and not is_served(self._queue, worker_infos):
            start = serving_hint(self._queue) if worker_infos else command_hint("worker")
            note(
                f"no live worker serves queue {shortened(self._queue)}: start one with {start}; "
                "still waiting"
            )
        elif not worker_infos:
            start = f"{command_hint('worker')} or {command_hint('up')}"
            note(f"no live worker is there: start one with {start}; still waiting")


def wait_for(result: AsyncResult[Any], timeout: float | None, wonder: Wonder) -> None:
    """Wait until a task has ended, and show its progress if it reports any.

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
            f"{command_hint('result', result.id, '--follow')}"
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
        hint = "" if traceback else f" ({command_hint('result', result.id, '--traceback')})"
        note(f"task {result.id} ended as {state}: {kind}: {value}{hint}")
    else:
        say_value(value)
    return exit_codes.FAILURE if failed else exit_codes.OK


def _failure(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "message": str(error)}
