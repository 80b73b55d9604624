"""What a run found, as values: samples of every metric and system, their medians and ratios."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.rows.row import Metric, Row


@dataclass(frozen=True, slots=True)
class Summary:
    """The runs of one metric on one system."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def lowest(self) -> float:
        return min(self.samples)

    @property
    def highest(self) -> float:
        return max(self.samples)


# What a run found for one metric and system, or in words why there is nothing.
Cell = Summary | str


@dataclass(slots=True)
class Findings:
    """Collects samples while the rounds go on."""

    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    remarks: dict[tuple[str, str], str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, system: str, figures: Mapping[str, float]) -> None:
        """Keep the figures of one run: metric key -> value."""
        for metric, value in figures.items():
            self.samples.setdefault((metric, system), []).append(value)

    def remark(self, system: str, row: Row, words: str) -> None:
        """Say in words why a row has no figures for a system."""
        for metric in row.metrics:
            self.remarks[metric.key, system] = words

    def cell(self, metric: str, system: str) -> Cell:
        """Return what was found; figures win over words, as a later round may have failed."""
        samples = self.samples.get((metric, system))
        if samples:
            return Summary(tuple(samples))
        return self.remarks.get((metric, system), "not measured")


def times_better(metric: Metric, ours: Cell, theirs: Cell) -> float | None:
    """Return how many times better our median is than theirs; None if they can't be compared."""
    if (
        not metric.compared
        or isinstance(ours, str)
        or isinstance(theirs, str)
        or not ours.median
        or not theirs.median
    ):
        return None
    ratio = ours.median / theirs.median
    return ratio if metric.higher_is_better else 1 / ratio


def share(part: Cell, whole: Cell) -> float | None:
    """Return `part` as a share of `whole`, by their medians; None without figures for both."""
    if isinstance(part, str) or isinstance(whole, str):
        return None
    return part.median / whole.median


def number(value: float) -> str:
    """Return a figure with three significant digits at least, thousands separated."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def text(cell: Cell, notes: list[str]) -> str:
    """Return median, lowest and highest run, or a reference to the words, kept in `notes`."""
    if isinstance(cell, str):
        if cell not in notes:
            notes.append(cell)
        return f"note {notes.index(cell) + 1}"
    if len(cell.samples) == 1:
        return number(cell.median)
    return f"{number(cell.median)} ({number(cell.lowest)} to {number(cell.highest)})"


class Table(NamedTuple):
    """The report's table: lines of cells, heading first, and the notes that cells refer to."""

    lines: list[list[str]]
    notes: list[str]


def table(rows: Sequence[Row], systems: Sequence[tuple[str, str]], findings: Findings) -> Table:
    """Return the table; `systems` are names and titles, the first is compared to the rest."""
    (ours, our_title), *others = systems
    ratios = [f"{our_title} / {title}" for _, title in others]
    notes: list[str] = []
    lines = [["measure", "unit", *(title for _, title in systems), *ratios]]
    for row in rows:
        for metric in row.metrics:
            cells = {name: findings.cell(metric.key, name) for name, _ in systems}
            factors = [times_better(metric, cells[ours], cells[name]) for name, _ in others]
            lines.append(
                [
                    metric.title,
                    metric.unit,
                    *(text(cells[name], notes) for name, _ in systems),
                    *("" if factor is None else f"{number(factor)}x" for factor in factors),
                ]
            )
        for line in row.shares:
            found = [
                share(findings.cell(line.part, name), findings.cell(line.whole, name))
                for name, _ in systems
            ]
            words = ["" if value is None else f"{100 * value:.0f}" for value in found]
            lines.append([line.title, "%", *words, *("" for _ in others)])
    return Table(lines, [f"note {index}: {words}" for index, words in enumerate(notes, 1)])
