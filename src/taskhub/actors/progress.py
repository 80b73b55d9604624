"""How far a task is, as its state PROGRESS: what `taskhub result ID --follow` draws as a bar."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from taskhub.exceptions import OperationalError

logger = logging.getLogger(__name__)

STATE: Final = "PROGRESS"
#: Seconds between two states of one task.
_PAUSE: Final = 0.5


class Progress:
    """Stores the state PROGRESS with `{"current", "total", "step"}`, a few times a second at most.

    Parameters:
      task: a bound task; called as a plain function, it tells nobody.
    """

    def __init__(self, task: Any) -> None:
        self._task = task
        self._next = 0.0
        self._step = ""

    def __call__(self, current: int, total: int, step: str) -> None:
        """Tell how far the task is: `current` of `total`, and what it is doing."""
        now = time.monotonic()
        if not self._task.request.id or (now < self._next and step == self._step):
            return
        self._next, self._step = now + _PAUSE, step
        meta = {"current": current, "total": total, "step": step}
        try:
            self._task.update_state(state=STATE, meta=meta)
        except OperationalError as error:
            logger.warning("%s; task %s goes on untold", error, self._task.request.id)
