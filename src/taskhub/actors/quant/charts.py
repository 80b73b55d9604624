"""Draws K-lines: candles with averages above, volume below, as a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from taskhub.actors.quant.exceptions import UnknownCodeError
from taskhub.actors.quant.extra import require
from taskhub.actors.quant.fonts import find_chinese_font
from taskhub.actors.quant.records import Bar

__all__ = ("AVERAGED", "Chart", "draw_candles")

#: As on the mainland's exchanges: red rises.
_RISING, _FALLING, _LEVEL = "#d62f3a", "#1a9850", "#7f7f7f"
_AVERAGES: Final = ((5, "#e6a100"), (20, "#3f6fb5"), (60, "#8e5ea2"))
_TICKS: Final = 8
#: So many days before the first that is drawn have a part in its averages.
AVERAGED: Final = _AVERAGES[-1][0] - 1


class Chart(NamedTuple):
    """A drawing.

    Args:
        png: The file's content.
        remark: What could not be shown as it should, and what to do; empty: nothing.
    """

    png: bytes
    remark: str = ""


def draw_candles(
    bars: Sequence[Bar],
    code: str,
    name: str | None = None,
    *,
    days: int | None = None,
    font: Path | None = None,
    language: str = "zh",
    size: tuple[float, float] = (10.0, 6.0),
    dots_per_inch: int = 110,
) -> Chart:
    """Draw the K-lines of one stock.

    Every bar has the same width, whatever days lie between. Where no font has the characters of the
    name, the code stands alone.

    Args:
        bars: In order of their days.
        code: The stock.
        name: Its name; None: it is not known.
        days: So many of them, the last ones, are drawn; those before have a part in the
            averages. None: all.
        font: A font file with Chinese; None: one is looked for.
        language: ``zh``: words are Chinese where there is a font; others count as English.
        size: Width and height, inches.
        dots_per_inch: Points of the picture per inch.

    Raises:
        UnknownCodeError: There are no bars.
        QuantNotInstalledError: matplotlib is not installed.
        QuantConfigurationError: The font file can't be used.
    """
    if not bars:
        raise UnknownCodeError(
            f"there are no K-lines of {code}: call Modules.quant.tasks.sync_kline_data for it first"
        )
    require("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    volume = "成交量" if language.lower().startswith("zh") else "volume"
    chinese = find_chinese_font(font, f"{name or ''}{volume}")
    # A figure of its own, not pyplot's: several threads may draw at the same time.
    figure = Figure(figsize=size, dpi=dots_per_inch, layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    averages = _averages(bars, len(bars) if days is None else days)
    bars = bars if days is None else bars[-days:]
    _draw_prices(upper, bars, averages)
    _draw_volume(lower, bars)
    has_chinese = chinese.properties is not None
    title = f"{name} {code}" if name and has_chinese else code
    adjust = f" {bars[0].adjust}" if bars[0].adjust else ""
    last = bars[-1]
    upper.set_title(
        f"{title}{adjust}  {last.day}  {last.close:.2f}",
        loc="left",
        fontproperties=chinese.properties,
        fontsize=13,
        # A dollar sign in a name is no formula.
        parse_math=False,
    )
    lower.set_ylabel(volume if has_chinese else "volume", fontproperties=chinese.properties)
    _mark_days(lower, bars)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Title": f"{code} {last.day}"})
    return Chart(buffer.getvalue(), chinese.remark)


def _averages(bars: Sequence[Bar], drawn: int) -> list[tuple[str, str, list[float]]]:
    """Return names, colours and values of the averages: at most `drawn` values, the last ones."""
    closes = [bar.close for bar in bars]
    found = []
    for days, colour in _AVERAGES:
        ends = range(max(days, len(closes) - drawn + 1), len(closes) + 1)
        values = [sum(closes[end - days : end]) / days for end in ends]
        # One value is no line.
        if len(values) > 1:
            found.append((f"MA{days}", colour, values))
    return found


def _draw_prices(
    axes: Any, bars: Sequence[Bar], averages: Sequence[tuple[str, str, list[float]]]
) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    colours = [_colour(bar) for bar in bars]
    wicks = [((place, bar.low), (place, bar.high)) for place, bar in enumerate(bars)]
    axes.add_collection(LineCollection(wicks, colors=colours, linewidths=0.9))
    # A day that ends where it began is still to be seen.
    least = (max(bar.high for bar in bars) - min(bar.low for bar in bars)) / 400
    bodies = []
    for place, bar in enumerate(bars):
        bottom, top = sorted((bar.open, bar.close))
        top = max(top, bottom + least)
        left, right = place - 0.35, place + 0.35
        bodies.append([(left, bottom), (left, top), (right, top), (right, bottom)])
    axes.add_collection(
        PolyCollection(bodies, facecolors=colours, edgecolors=colours, linewidths=0.4)
    )
    for name, colour, values in averages:
        places = range(len(bars) - len(values), len(bars))
        axes.plot(places, values, color=colour, linewidth=1.0, label=name)
    if averages:
        # Beside the title, where no line can run through it.
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=len(averages),
            fontsize=8,
            frameon=False,
        )
    axes.autoscale_view()
    _tidy(axes)


def _draw_volume(axes: Any, bars: Sequence[Bar]) -> None:
    from matplotlib.ticker import EngFormatter

    axes.bar(
        range(len(bars)),
        [bar.volume for bar in bars],
        width=0.7,
        color=[_colour(bar) for bar in bars],
    )
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    _tidy(axes)


def _mark_days(axes: Any, bars: Sequence[Bar]) -> None:
    step = max(1, len(bars) // _TICKS)
    places = range(len(bars) - 1, -1, -step)
    axes.set_xticks(list(places), [f"{bars[place].day:%y-%m-%d}" for place in places], fontsize=8)
    axes.set_xlim(-1, len(bars))


def _tidy(axes: Any) -> None:
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    axes.yaxis.tick_right()
    for side in ("top", "left"):
        axes.spines[side].set_visible(False)


def _colour(bar: Bar) -> str:
    if bar.close == bar.open:
        return _LEVEL
    return _RISING if bar.close > bar.open else _FALLING
