"""Progress bar on stderr for tasks with states `{"current", "total", "step"}`."""

from __future__ import annotations

import sys
from typing import Any, Self

from taskhub.cli.output import note


class ProgressBar:
    """Progress bar at a terminal, elsewhere a line for each step and each tenth of it.

    Any state will do whose value is a mapping with whole numbers `current` and `total`, and perhaps
    a text `step`.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._shown: tuple[str, int] | None = None

    def __call__(self, meta: dict[str, Any]) -> None:
        """Show a stored state, if it says how far the task is."""
        value = meta.get("result")
        if not isinstance(value, dict):
            return
        current, total, step = value.get("current"), value.get("total"), value.get("step", "")
        if not isinstance(current, int) or not isinstance(total, int) or total < 1:
            return
        if sys.stderr.isatty():
            self._draw(current, total, str(step))
        elif self._shown != (shown := (str(step), 10 * current // total)):
            self._shown = shown
            note(f"{meta.get('status')}  {current}/{total}  {step}".rstrip())

    def _draw(self, current: int, total: int, step: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            self._bar = Progress(
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(step, total=total)
        self._bar.update(self._task, completed=current, total=total, description=step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
