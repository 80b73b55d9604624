"""The settings that the environment gives, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskhub.actors.system import (
    ReportSettings,
    StatusSettings,
    SystemConfigurationError,
    Threshold,
    Thresholds,
)
from tests.support.environment import read


def test_without_variables_all_has_a_default() -> None:
    found = read(StatusSettings, {"TASKHUB_OPERATORS": " "}, home=Path("/srv/shop/.taskhub"))
    assert found == StatusSettings(home=Path("/srv/shop/.taskhub"))
    assert found.disks == (Path("/"), Path("/srv/shop/.taskhub"))
    assert (found.timeout, found.confirm, found.recipients) == (10, 2, ())
    assert found.thresholds == Thresholds()
    assert read(ReportSettings, {}) == ReportSettings()


def test_every_variable_is_read() -> None:
    found = read(
        StatusSettings,
        {
            "TASKHUB_STATUS_CPU": "50, 75.5",
            "TASKHUB_STATUS_MEMORY": "-,90",
            "TASKHUB_STATUS_QUEUE_AGE": "60,-",
            "TASKHUB_STATUS_WORKERS": "4,2",
            "TASKHUB_STATUS_DEAD_LETTERS": "-,-",
            "TASKHUB_STATUS_DISKS": "/data:/srv",
            "TASKHUB_STATUS_TIMEOUT": "2.5",
            "TASKHUB_STATUS_CONFIRM": "1",
            "TASKHUB_STATUS_RECIPIENTS": "Night shift <night@example.com>, b@example.com",
            "TASKHUB_OPERATORS": "ops@example.com",
        },
    )
    limits = found.thresholds
    assert (limits.cpu, limits.memory) == (Threshold(50, 75.5), Threshold(None, 90))
    assert (limits.queue_age, limits.dead_letters) == (Threshold(60, None), Threshold(None, None))
    assert limits.workers == Threshold(4, 2, low=True)
    assert limits.disk == Thresholds().disk
    assert found.disks == (Path("/data"), Path("/srv"))
    assert (found.timeout, found.confirm) == (2.5, 1)
    assert found.recipients == ("night@example.com", "b@example.com")
    report = read(
        ReportSettings,
        {
            "TASKHUB_OPERATORS": "ops@example.com",
            "TASKHUB_REPORT_ROWS": "5",
            "TASKHUB_REPORT_STOCKS": "600000, sz000001,,700.HK, 600000.SS",
        },
    )
    assert (report.recipients, report.rows) == (("ops@example.com",), 5)
    assert report.stocks == ("600000.SH", "000001.SZ", "00700.HK")


@pytest.mark.parametrize(
    ("settings", "name", "value", "told"),
    [
        (StatusSettings, "TASKHUB_STATUS_CPU", "90", "'90' does not say from when on to warn"),
        (StatusSettings, "TASKHUB_STATUS_CPU", "90,a", "write two numbers, for example 95,-"),
        (StatusSettings, "TASKHUB_STATUS_CPU", "nan,1", "does not say"),
        (StatusSettings, "TASKHUB_STATUS_CPU", "99,90", "the failure comes before the warning"),
        (StatusSettings, "TASKHUB_STATUS_WORKERS", "1,2", "the failure comes before the warning"),
        (
            StatusSettings,
            "TASKHUB_STATUS_TIMEOUT",
            "0",
            "is not a number of seconds from 0.1 to 60",
        ),
        (StatusSettings, "TASKHUB_STATUS_CONFIRM", "often", "'often' is not a number"),
        (StatusSettings, "TASKHUB_STATUS_RECIPIENTS", "nobody", "is not an e-mail address"),
        (StatusSettings, "TASKHUB_OPERATORS", "a@b.example, @", "is not an e-mail address"),
        (ReportSettings, "TASKHUB_REPORT_RECIPIENTS", "x@", "is not an e-mail address"),
        (ReportSettings, "TASKHUB_REPORT_ROWS", "0", "'0' is not a number from 1 to 1000"),
        (ReportSettings, "TASKHUB_REPORT_STOCKS", "600000,x", "'x' is not the code of a security"),
        (
            ReportSettings,
            "TASKHUB_REPORT_STOCKS",
            ",".join(f"60000{number}" for number in range(10)) + ",000001",
            "11 stocks are more than a report shows: write at most 10",
        ),
    ],
)
def test_what_cannot_be_is_named_in_one_line(
    settings: Any, name: str, value: str, told: str
) -> None:
    with pytest.raises(SystemConfigurationError) as raised:
        read(settings, {name: value})
    line = str(raised.value)
    assert line.startswith(f"{name}:")
    assert told in line
    assert "\n" not in line
