"""The charts of the daily report, as PNGs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from taskhub.actors.quant.charts import draw_candles
from taskhub.actors.quant.exceptions import QuantConfigurationError, QuantNotInstalledError
from taskhub.actors.quant.fonts import find_chinese_font
from taskhub.actors.system.daily import DailyReport, TaskDay
from taskhub.actors.system.stocks import DAYS, StockBars
from taskhub.humanize import short_duration

__all__ = ("Charts", "draw_charts", "draw_stocks")

#: Twice the points that are shown, for sharp screens.
_DOTS: Final = 200
_WIDTH: Final = 7.0
#: Candles have more lines and smaller words, in as many points.
_CANDLES: Final = (8.75, 4.5)
_CANDLE_DOTS: Final = 160
_DONE, _FAILED, _RETRIED, _MEDIAN = "#3f6fb5", "#d62f3a", "#e6a100", "#9db7dc"
_GREY: Final = "#667085"
_MISSING: Final = (
    "without charts: matplotlib is not installed (install the extra taskhub-core[report])"
)

_WORDS: Final = {
    "zh": {
        "done": "成功",
        "failed": "失败",
        "retried": "重试",
        "hours": "每小时结束的执行数",
        "durations": "最慢任务的运行时间",
        "median": "中位数",
        "p95": "95% 分位",
    },
    "en": {
        "done": "done",
        "failed": "failed",
        "retried": "retried",
        "hours": "Executions that ended, by the hour",
        "durations": "Run times of the slowest tasks",
        "median": "median",
        "p95": "95th percentile",
    },
}


class Charts(NamedTuple):
    """What was drawn: PNGs by their names, and what could not be, and why."""

    pictures: dict[str, bytes]
    remark: str = ""


class _Style(NamedTuple):
    words: dict[str, str]
    font: Any


def draw_charts(report: DailyReport, language: str, font: Path | None = None) -> Charts:
    """Draw what ended by the hour (``hours``), and how long the slowest tasks took (``durations``).

    Without matplotlib there are none. Where no font has Chinese, the words are English.

    Args:
        report: Of what.
        language: ``zh`` or ``en``; others count as English.
        font: A font file with Chinese; None: one is looked for.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return Charts({}, _MISSING)
    style, remark = _style(language, font)
    pictures: dict[str, bytes] = {}
    if any(hour.done or hour.failed or hour.retried for hour in report.hours):
        figure = Figure(figsize=(_WIDTH, 2.5), dpi=_DOTS, layout="constrained")
        _draw_hours(figure.subplots(), report, style)
        pictures["hours"] = _png(figure)
    if report.slowest:
        height = 0.9 + 0.34 * len(report.slowest)
        figure = Figure(figsize=(_WIDTH, height), dpi=_DOTS, layout="constrained")
        _draw_durations(figure.subplots(), report.slowest, style)
        pictures["durations"] = _png(figure)
    return Charts(pictures, remark)


def draw_stocks(stocks: Sequence[StockBars], language: str, font: Path | None = None) -> Charts:
    """Draw the candles of each stock that has bars, under the name `StockBars.picture`.

    Without matplotlib there are none. Where no font has a stock's name, its code stands alone.

    Args:
        stocks: Of which.
        language: ``zh`` or ``en``; others count as English.
        font: A font file with Chinese; None: one is looked for.
    """
    drawn = [one for one in stocks if one.bars]
    try:
        return _candles(drawn, language, font)
    except QuantNotInstalledError:
        return Charts({}, _MISSING)
    except QuantConfigurationError as error:
        # Without the font that is no font.
        return Charts(_candles(drawn, language, None).pictures, str(error))


def _candles(stocks: Sequence[StockBars], language: str, font: Path | None) -> Charts:
    pictures, remark = {}, ""
    for one in stocks:
        chart = draw_candles(
            one.bars,
            one.code,
            one.name,
            days=DAYS,
            font=font,
            language=language,
            size=_CANDLES,
            dots_per_inch=_CANDLE_DOTS,
        )
        pictures[one.picture] = chart.png
        remark = remark or chart.remark
    return Charts(pictures, remark)


def _style(language: str, font: Path | None) -> tuple[_Style, str]:
    from matplotlib import font_manager

    words = _WORDS.get(language.replace("_", "-").split("-")[0].lower(), _WORDS["en"])
    latin = font_manager.FontProperties()
    try:
        found = find_chinese_font(font, "".join(words.values()))
    except QuantConfigurationError as error:
        return _Style(_WORDS["en"], latin), str(error)
    if found.properties is None:
        return _Style(_WORDS["en"], latin), found.remark
    return _Style(words, found.properties), ""


def _draw_hours(axes: Any, report: DailyReport, style: _Style) -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(report.hours))
    below = [0] * len(report.hours)
    for name, colour in (("done", _DONE), ("retried", _RETRIED), ("failed", _FAILED)):
        values = [getattr(hour, name) for hour in report.hours]
        if any(values):
            axes.bar(places, values, width=0.8, bottom=below, color=colour, label=style.words[name])
            below = [low + value for low, value in zip(below, values, strict=True)]
    step = 3
    axes.set_xticks(
        list(places)[::step], [f"{hour.begins:%H:%M}" for hour in report.hours[::step]], fontsize=8
    )
    axes.set_xlim(-0.7, len(report.hours) - 0.3)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(visible=True, axis="y", linewidth=0.4, alpha=0.5)
    legend = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 3, "frameon": False}
    _finish(axes, style.words["hours"], style, {**legend, "borderaxespad": 0.2})


def _draw_durations(axes: Any, slowest: Sequence[TaskDay], style: _Style) -> None:
    shown = list(reversed(slowest))
    places = range(len(shown))
    p95 = [one.summary.run.p95 or 0.0 for one in shown]
    median = [one.summary.run.median or 0.0 for one in shown]
    axes.barh(places, p95, height=0.62, color=_DONE, label=style.words["p95"])
    axes.barh(places, median, height=0.62, color=_MEDIAN, label=style.words["median"])
    # Names of users' making may have any characters: they are shown as far as the font has them.
    axes.set_yticks(
        list(places), [_short(one.task) for one in shown], fontproperties=style.font, fontsize=8
    )
    # A dollar sign in a name is no formula.
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    if max(p95) > 50 * max(min(p95), 1e-4):
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda value, _: short_duration(value) if value else "0")
    axes.grid(visible=True, axis="x", linewidth=0.4, alpha=0.5)
    # Below, where the bars are short.
    legend = {"loc": "lower right", "frameon": True, "edgecolor": "none", "framealpha": 0.8}
    _finish(axes, style.words["durations"], style, legend)


def _finish(axes: Any, title: str, style: _Style, legend: dict[str, Any]) -> None:
    axes.set_title(title, loc="left", fontproperties=style.font, fontsize=10, color="#101828")
    axes.legend(prop=_sized(style.font, 8), **legend)
    axes.tick_params(labelsize=8, colors=_GREY, length=0)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#d0d5dd")


def _sized(font: Any, size: float) -> Any:
    copied = font.copy()
    copied.set_size(size)
    return copied


def _short(task: str) -> str:
    name = task.rpartition(".")[2]
    return name if len(name) <= 34 else f"{name[:33]}…"


def _png(figure: Any) -> bytes:
    import warnings

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Of a character that the font lacks, a box is shown.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="png")
    return buffer.getvalue()
