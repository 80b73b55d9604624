"""What was found at one place of a code base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ("Finding", "Findings", "Level", "Work")


class Level(StrEnum):
    """How much a finding matters; the first matters most."""

    #: It is not supported: the program fails, or a part of it does.
    UNSUPPORTED = "unsupported"
    #: It works, and means something else.
    DIFFERS = "differs"
    #: It is accepted and changes nothing.
    WITHOUT_EFFECT = "without-effect"
    #: It cannot be seen from outside what it means: look by hand.
    UNVERIFIED = "unverified"


class Work(StrEnum):
    """How much work a finding is, at each of its places; the most first."""

    #: A part has to be written anew, or replaced by something else.
    REWORK = "rework"
    #: Somebody who knows the code has to look at it; often nothing is to be changed.
    LOOK = "look"
    #: A line has to be changed.
    LINE = "line"
    #: Nothing has to be done: a line may go, when it is convenient.
    NONE = "nothing"


#: How much work the findings of a level are, unless they say so.
_USUAL: Final = {
    Level.UNSUPPORTED: Work.LINE,
    Level.DIFFERS: Work.LOOK,
    Level.WITHOUT_EFFECT: Work.NONE,
    Level.UNVERIFIED: Work.LOOK,
}
#: Findings that are more, or less, by the beginnings of their subjects.
_SPECIAL: Final = (
    ("at least once", Work.LOOK),
    ("broker_url ", Work.LINE),
    ("celery.", Work.REWORK),
    ("compression= ", Work.NONE),
    ("global names", Work.LOOK),
    ("import of ", Work.LINE),
    ("kombu.Queue", Work.NONE),
    ("kombu.Exchange", Work.NONE),
    ("kombu.exceptions", Work.LINE),
    ("kombu.utils", Work.LINE),
    ("kombu", Work.REWORK),
    ("billiard.exceptions", Work.LINE),
    ("billiard", Work.REWORK),
    ("amqp", Work.REWORK),
    ("llen", Work.LINE),
    ("priority", Work.LINE),
    ("rate_limit", Work.LINE),
    ("requirement: celery-batches", Work.REWORK),
    ("requirement: django-celery-results", Work.LINE),
    ("results in a database", Work.NONE),
    ("several brokers", Work.LINE),
    ("soft_time_limit", Work.NONE),
    ("task_acks_late", Work.NONE),
    ("worker_max_", Work.NONE),
    ("worker_prefetch_multiplier", Work.NONE),
)


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
    def work(self) -> Work:
        """How much work it is, at this place."""
        special = next((work for begin, work in _SPECIAL if self.subject.startswith(begin)), None)
        return special or _USUAL[self.level]

    @property
    def place(self) -> str:
        """Where it is, for people and editors."""
        return f"{self.path}:{self.line}" if self.line else self.path


#: What rules give.
Findings = Iterator[Finding]
