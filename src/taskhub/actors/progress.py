"""How far a task is, as its state PROGRESS: what `taskhub result ID --follow` draws as a bar."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from taskhub.exceptions import OperationalError

logger = logging.getLogger(__name__)

STATE: Final = "PROGRESS"
#: Seconds between two states of one task.
_PAUSE: Final = 0.5
#: How many of the parts of a canvas report that they begin.
_REPORTED: Final = 200


class Progress:
    """Stores the state PROGRESS with `{"current", "total", "step"}`, a few times a second at most.

    Args:
        task: a bound task; called as a plain function, it reports nothing.
        whole: the id of a call whose progress this is as well: that of the canvas of which it is a
            part.
    """

    def __init__(self, task: Any, whole: str | None = None) -> None:
        self._task = task
        self._reported = [task_id for task_id in (task.request.id, whole) if task_id]
        self._next = 0.0
        self._step = ""

    def __call__(self, current: int, total: int, step: str) -> None:
        """Report how far the task is: `current` of `total`, and what it is doing."""
        now = time.monotonic()
        if not self._task.request.id or (now < self._next and step == self._step):
            return
        self._next, self._step = now + _PAUSE, step
        for task_id in self._reported:
            _store(self._task, task_id, current, total, step)


def report_begun(task: Any, part: Sequence[Any] | None, step: str) -> None:
    """Report the progress of a canvas when one of its parts begins; at most some hundreds do.

    Args:
        task: the bound task of the part.
        part: id of the call that the canvas stands for, number of the part from 1, how many there
            are; None: there is no canvas.
        step: what the part does.
    """
    # A part that is tried again begins long after its turn.
    if part is None or task.request.retries:
        return
    whole, number, total = part
    if number % max(1, total // _REPORTED) == 0 or number in (1, total):
        _store(task, whole, number, total, step)


def _store(task: Any, task_id: str, current: int, total: int, step: str) -> None:
    meta = {"current": current, "total": total, "step": step}
    request = task.request if task_id == task.request.id else None
    try:
        task.backend.store_result(task_id, meta, STATE, request=request)
    except OperationalError as error:
        logger.warning("%s; task %s goes on untold", error, task_id)
