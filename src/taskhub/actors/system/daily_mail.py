"""The daily report as a mail: text, HTML, and its charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from taskhub.actors.mail import InlineImage, Mailer, SendReceipt
from taskhub.actors.system.charts import draw_charts, draw_stocks
from taskhub.actors.system.daily import DailyReport
from taskhub.actors.system.settings import ReportSettings
from taskhub.humanize import duration, short_duration
from taskhub.statistics import Durations
from taskhub.stores import mask_url

__all__ = ("report_values", "send_report")

#: From the width of a mail on a screen to that of its frame.
WIDTH: Final = 760


def send_report(
    report: DailyReport,
    mailer: Mailer,
    settings: ReportSettings,
    recipients: Sequence[str],
    idempotency_key: str | None,
) -> tuple[SendReceipt, dict[str, Any]]:
    """Send a report, and return what became of the mail, and of its charts.

    Args:
        report: Its contents.
        mailer: Sends it, in its language.
        settings: Its settings.
        recipients: To whom.
        idempotency_key: What makes the same report the same.

    Raises:
        TransientMailError, PermanentMailError: As `Mailer.send`.
    """
    language = mailer.settings.language
    drawn = (
        draw_charts(report, language, settings.font),
        draw_stocks(report.stocks, language, settings.font),
    )
    pictures = {name: png for charts in drawn for name, png in charts.pictures.items()}
    # Both may lack the same.
    remarks = tuple(
        dict.fromkeys((*report.remarks, *(charts.remark for charts in drawn if charts.remark)))
    )
    receipt = mailer.send_template(
        "daily_report",
        recipients,
        {**report_values(report, remarks), "charts": sorted(pictures)},
        idempotency_key=idempotency_key,
        inline_images=[InlineImage(name, png) for name, png in pictures.items()],
    )
    contents: dict[str, Any] = {"charts": sorted(pictures)}
    if remarks:
        contents["remarks"] = list(remarks)
    return receipt, contents


def report_values(report: DailyReport, remarks: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the template `daily_report` uses."""
    return {
        "report": report,
        "remarks": list(remarks),
        "width": WIDTH,
        "number": lambda value: f"{value:,}",
        "both": _both,
        "ago": lambda seconds: "-" if seconds is None else duration(seconds),
        "moment": _moment(report),
        "masked": mask_url,
    }


def _both(durations: Durations) -> str:
    """Return median and 95th percentile."""
    if durations.median is None or durations.p95 is None:
        return "-"
    return f"{short_duration(durations.median)} / {short_duration(durations.p95)}"


def _moment(report: DailyReport) -> Any:
    zone = report.day.begins.tzinfo

    def shown(at: datetime | None) -> str:
        return "-" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    return shown
