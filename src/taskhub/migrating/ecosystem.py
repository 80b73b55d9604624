"""Libraries that stand on Celery, as they were tried with taskhub-compat in Celery's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ("ECOSYSTEM", "Library", "Works")


class Works(StrEnum):
    """How far a library works."""

    YES = "works"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Library:
    """One library: the version that was tried, what came of it, and what to do."""

    version: str
    works: Works
    #: What works, or why not.
    why: str
    advice: str = ""


#: By distribution.
ECOSYSTEM: Final[Mapping[str, Library]] = {}
