"""What was found at one place of a code base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ("Finding", "Findings", "Level")


class Level(StrEnum):
    """How much a finding matters; the first matters most."""

    #: It is not offered: the program fails, or a part of it does.
    UNSUPPORTED = "unsupported"
    #: It works, and means something else.
    DIFFERS = "differs"
    #: It is accepted and changes nothing.
    WITHOUT_EFFECT = "without-effect"
    #: It cannot be seen from outside what it means: look by hand.
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One use of Celery that is not as before."""

    level: Level
    #: What it is about, e.g. the name of a setting; findings of one subject are explained once.
    subject: str
    #: What is the matter.
    message: str
    #: What to do.
    advice: str
    #: The file, below the directory that was checked.
    path: str
    #: Its line, from 1; 0: the file as a whole.
    line: int = 0

    @property
    def place(self) -> str:
        """Where it is, for people and editors."""
        return f"{self.path}:{self.line}" if self.line else self.path


#: What rules give.
Findings = Iterator[Finding]
