"""The caller: sends a workload at the rate of the faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from taskhub.app.app import Celery
from taskhub.exceptions import StoreRefused
from tests.chaos.workload import Node, signature


class Sender(threading.Thread):
    """Sends canvases in as many shares as there are stretches of time between faults.

    Args:
        app: How it sends.
        canvases: What it sends.
        shares: Into how many shares they are divided.
        spread: Over how many seconds a share is spread.
    """

    def __init__(self, app: Celery, canvases: Sequence[Node], shares: int, spread: float) -> None:
        super().__init__(name="sender", daemon=True)
        #: Of each canvas that was sent, in their order; None: its call was refused.
        self.results: list[Any] = []
        #: When each of them was acknowledged, seconds since the epoch.
        self.acknowledged: list[float] = []
        #: What the calls raised that were refused.
        self.refused: list[StoreRefused] = []
        self._error: BaseException | None = None
        self._app = app
        self._canvases = canvases
        self._shares = shares
        self._spread = spread
        self._begun = 0
        self._since = time.monotonic()

    def advance(self) -> None:
        """Begin with the next share."""
        self._begun += 1
        self._since = time.monotonic()

    def finish(self, timeout: float) -> None:
        """Send what is left.

        Raises:
            Exception: What a call raised.
        """
        self._begun = self._shares
        self.join(timeout)
        if self._error is not None:
            raise self._error
        assert not self.is_alive(), f"the caller hangs after {len(self.results)} canvases"

    def run(self) -> None:
        try:
            for canvas in self._canvases:
                while len(self.results) >= self._allowed:
                    time.sleep(0.01)
                try:
                    self.results.append(signature(self._app, canvas).apply_async())
                except StoreRefused as error:
                    self.results.append(None)
                    self.refused.append(error)
                else:
                    self.acknowledged.append(time.time())
        except BaseException as error:
            self._error = error

    @property
    def _allowed(self) -> float:
        """How many canvases may have been sent by now."""
        of_this_share = min(1.0, (time.monotonic() - self._since) / self._spread)
        return len(self._canvases) * (self._begun + of_this_share) / self._shares
