"""The findings as a chart: one small panel per metric, one bar per system."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from benchmarks.summary import Findings, Summary, number
from benchmarks.systems import System

COLORS = ("#0072b2", "#d55e00", "#009e73")  # told apart by colour-blind readers, too
COLUMNS = 3


def draw(path: Path, rows: Sequence[Row], systems: Sequence[System], findings: Findings) -> bool:
    """Write the chart as PNG; return False without matplotlib or with nothing to draw."""
    panels = [
        (metric, found)
        for row in rows
        for metric in row.metrics
        if metric.compared and (found := measured(findings, metric.key, systems))
    ]
    if not panels:
        return False
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
        matplotlib.use("Agg")
        pyplot: Any = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        return False
    height = math.ceil(len(panels) / COLUMNS)
    figure, grid = pyplot.subplots(
        height, COLUMNS, figsize=(4 * COLUMNS, 2.2 * height), squeeze=False
    )
    places = [place for line in grid for place in line]
    for place in places[len(panels) :]:
        place.set_visible(False)
    for place, (metric, found) in zip(places, panels, strict=False):
        titles = [system.title for system, _ in found]
        medians = [summary.median for _, summary in found]
        spread = [
            [summary.median - summary.lowest for _, summary in found],
            [summary.highest - summary.median for _, summary in found],
        ]
        colors = [COLORS[list(systems).index(system) % len(COLORS)] for system, _ in found]
        bars = place.barh(titles, medians, xerr=spread, color=colors)
        place.bar_label(bars, labels=[number(median) for median in medians], padding=4, fontsize=8)
        place.set_title(f"{metric.title} ({metric.unit})".replace("`", ""), fontsize=9)
        place.set_xlabel(
            "more is better" if metric.higher_is_better else "less is better", fontsize=8
        )
        place.margins(x=0.25)
        place.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return True


def measured(
    findings: Findings, metric: str, systems: Sequence[System]
) -> list[tuple[System, Summary]]:
    """Return the systems that have figures for a metric."""
    cells = [(system, findings.cell(metric, system.name)) for system in systems]
    return [(system, cell) for system, cell in cells if isinstance(cell, Summary)]
