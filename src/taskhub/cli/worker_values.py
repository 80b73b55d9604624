"""Values that options of `taskhub worker` take."""

from __future__ import annotations

import os
from typing import Any

import click

from taskhub.worker.autoscaling import Bounds


class Concurrency(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.3 on
    """A number from 1, or `auto`: the processors that this process may use, as Celery's."""

    name = "N"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int:
        if value == "auto":
            return processors()
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is no number: give one, or auto", parameter, context)
        if number < 1:
            self.fail(f"{number} is too few: give 1 or more", parameter, context)
        return number


class Autoscale(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.3 on
    """Bounds as `MOST,LEAST`; as Celery's, in either order, and with one number up to that."""

    name = "MOST,LEAST"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Bounds:
        if isinstance(value, Bounds):
            return value
        try:
            numbers = sorted(int(part) for part in value.split(","))
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 2) or numbers[-1] < 1 or numbers[0] < 0:
            self.fail(f"{value!r} are no bounds: write for example 10,3", parameter, context)
        # With no process at all, nobody would heed commands.
        return Bounds(numbers[-1], max(1, numbers[0]) if len(numbers) == 2 else 1)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
