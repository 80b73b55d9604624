"""What a row of the report is: its metrics and the function that measures them once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.systems.system import System


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the report."""

    # Key in what `Row.measure` returns, and in the JSON file.
    key: str
    title: str
    unit: str
    higher_is_better: bool
    # False: told for judging the other lines, not something to be better at.
    compared: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """A line computed from two metrics of the same system: `part` as a share of `whole`."""

    title: str
    part: str
    whole: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something to measure, one run per system and round."""

    name: str
    metrics: tuple[Metric, ...]
    measure: Callable[[Bench, System], dict[str, float]]
    # Names of the systems that it is measured for; None: all.
    systems: frozenset[str] | None = None
    # Why the others are left out, for their cells.
    otherwise: str = ""
    shares: tuple[Share, ...] = ()
    # Rows that must be measured as well, for the shares.
    needs: tuple[str, ...] = ()
