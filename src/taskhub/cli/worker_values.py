"""Values that options of `taskhub worker` take."""

from __future__ import annotations

from typing import Any

import click

from taskhub.worker.supervisor.autoscaler import AutoscaleBounds
from taskhub.worker.supervisor.concurrency import parse_concurrency


class Concurrency(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.3 on
    """Concurrency: a number from 1, or `auto`: the usable CPUs; 0 and "" mean the default."""

    name = "N"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int | str | None:
        try:
            return parse_concurrency(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)


class Autoscale(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.3 on
    """Bounds of `--autoscale` as `MOST,LEAST`, in either order as in Celery, or one number."""

    name = "MOST,LEAST"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> AutoscaleBounds:
        if isinstance(value, AutoscaleBounds):
            return value
        try:
            numbers = sorted(int(part) for part in value.split(","))
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 2) or numbers[-1] < 1 or numbers[0] < 0:
            self.fail(f"{value!r} are no bounds: write for example 10,3", parameter, context)
        # With no process at all, nobody would execute commands.
        return AutoscaleBounds(numbers[-1], max(1, numbers[0]) if len(numbers) == 2 else 1)
