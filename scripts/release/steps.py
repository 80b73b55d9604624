"""What was checked, and what became of it: the table that a release prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

Result = Literal["ok", "failed", "absent", "reported"]


class Step(NamedTuple):
    """A line of the table."""

    what: str
    result: Result
    seconds: float
    #: A figure, or what is wrong: a line each.
    details: tuple[str, ...] = ()


@dataclass
class Steps:
    """The table so far. A failed step does not stop those that follow."""

    done: list[Step] = field(default_factory=list)

    def check(
        self, what: str, check: Callable[[], list[str]], note: str = "", *, required: bool = True
    ) -> bool:
        """Take a step, and return whether it went well.

        Args:
            what: Its line in the table.
            check: Returns what is wrong.
            note: What the line says if all is well.
            required: Whether the release depends on it.
        """
        began = time.monotonic()
        try:
            complaints = check()
        except Refused as refused:
            complaints = str(refused).splitlines()
        result: Result = "ok" if not complaints else "failed" if required else "reported"
        details = tuple(complaints) or ((note,) if note else ())
        self.done.append(Step(what, result, time.monotonic() - began, details))
        return not complaints

    def note_absent(self, what: str, *, required: bool) -> None:
        """Add a line for what this machine lacks."""
        result: Result = "failed" if required else "absent"
        self.done.append(Step(what, result, 0.0, ("not on this machine",)))

    @property
    def failed(self) -> bool:
        """Whether a step failed that the release depends on."""
        return any(step.result == "failed" for step in self.done)

    def show(self, console: Console) -> None:
        """Print the table."""
        table = Table("", "step", "s", "", box=None, pad_edge=False)
        for step in self.done:
            seconds = f"{step.seconds:.1f}" if step.result != "absent" else ""
            details = "\n".join(step.details)
            table.add_row(*map(Text, (step.result, step.what, seconds, details)))
        console.print(table)


class Refused(Exception):
    """A program ended with an error; the text is what it said."""
