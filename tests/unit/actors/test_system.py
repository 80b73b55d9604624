"""What callers see of the tasks that look after the system: run at once, without a store or a server."""

from __future__ import annotations

import json
import os
import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from taskhub import Celery, states
from taskhub.actors.system import InvalidDayError, SystemConfigurationError


@pytest.fixture(autouse=True)
def _calm(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    """What depends on this machine is not judged."""
    for name in ("CPU", "MEMORY", "DISK", "LATENCY"):
        monkeypatch.setenv(f"TASKHUB_STATUS_{name}", "-,-")
    # The first look imports much.
    monkeypatch.setenv("TASKHUB_STATUS_TIMEOUT", "60")
    # Charts in Chinese want a font, and not every machine has one: the report would tell of that,
    # too.
    monkeypatch.setenv("TASKHUB_MAIL_LANGUAGE", "en")
    for name in ("TASKHUB_CLEAN_FOLDERS", "TASKHUB_QUANT_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_status_is_told_as_plain_values_and_mailed_to_the_outbox(tmp_path: Path) -> None:
    from taskhub.actors import check_system_status

    told = check_system_status.delay().get()
    assert json.loads(json.dumps(told)) == told
    # Nobody works here, and no scheduler leads.
    assert [(one["kind"], one["level"]) for one in told["problems"]] == [
        ("workers", "fail"),
        ("scheduler", "warn"),
    ]
    assert told["state"] == "fail"
    # Messages are in this process: there are no stores to look at.
    assert set(told["services"]) == {"e-mail", "market data"}
    assert told["notice"] == {"kind": "worse", "mail": "sent"}
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert check_system_status.delay().get()["notice"] is None
    assert check_system_status.delay(notify=False).get()["notice"] is None
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_wrong_mail_settings_are_a_finding_and_keep_no_check_from_its_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from taskhub.actors import check_system_status

    monkeypatch.setenv("TASKHUB_SMTP_URL", "http://example.com")
    told = check_system_status.delay().get()
    assert told["services"]["e-mail"]["state"] == "fail"
    assert "TASKHUB_SMTP_URL" in told["services"]["e-mail"]["detail"]
    assert told["notice"]["mail"] == "failed"


@pytest.mark.parametrize(
    ("task", "name", "value", "told"),
    [
        ("check_system_status", "TASKHUB_STATUS_CPU", "much", "TASKHUB_STATUS_CPU: 'much'"),
        ("clean_temp_files", "TASKHUB_CLEAN_FOLDERS", "/", "/ holds more than temporary files"),
        ("clean_temp_files", "TASKHUB_CLEAN_FOLDERS", "tmp", "tmp is not an absolute path"),
        (
            "send_daily_report",
            "TASKHUB_OPERATORS",
            "me",
            "TASKHUB_OPERATORS: 'me' is not an e-mail",
        ),
        (
            "send_daily_report",
            "TASKHUB_REPORT_STOCKS",
            "600000 000001",
            "TASKHUB_REPORT_STOCKS: '600000 000001' is not the code of a security",
        ),
    ],
)
def test_a_wrong_setting_fails_the_call_in_one_line(
    monkeypatch: pytest.MonkeyPatch, task: str, name: str, value: str, told: str
) -> None:
    from taskhub import actors

    monkeypatch.setenv(name, value)
    ended = getattr(actors, task).delay()
    assert ended.state == states.FAILURE
    assert isinstance(ended.result, SystemConfigurationError)
    assert told in str(ended.result)


def test_old_files_of_the_homes_own_folder_go(tmp_path: Path) -> None:
    from taskhub.actors import clean_temp_files

    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/old").write_text("x")
    os.utime(tmp_path / "tmp/old", (time.time() - 8 * 86_400,) * 2)
    assert clean_temp_files.delay(dry_run=True).get()["files"] == 1
    assert clean_temp_files().items() >= {"files": 1, "bytes": 1, "errors": 0}.items()
    assert clean_temp_files.delay().get()["files"] == 0


def test_a_report_goes_out_once_a_day_unless_it_is_asked_for_again(tmp_path: Path) -> None:
    from taskhub.actors import send_daily_report

    first = send_daily_report.delay().get()
    assert (first["tasks"], first["charts"]) == (0, [])
    assert send_daily_report.delay().get()["mail"]["repeated"] is True
    assert send_daily_report.delay(again=True).get()["mail"]["repeated"] is False
    assert send_daily_report(again=True)["mail"]["repeated"] is False
    assert send_daily_report(again=True)["mail"]["repeated"] is False
    assert send_daily_report.delay(day="2024-01-31").get()["day"] == "2024-01-31"
    assert len({path.name for path in (tmp_path / "outbox").glob("*.eml")}) == 5


def test_a_report_needs_a_day_and_somebody_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from taskhub.actors import send_daily_report

    ended = send_daily_report.delay(day="soon")
    assert isinstance(ended.result, InvalidDayError)
    assert str(ended.result) == "day: 'soon' is not a day: write for example 2024-01-31"
    monkeypatch.setenv("TASKHUB_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("TASKHUB_MAIL_FROM", "no-reply@example.com")
    from taskhub.actors import services

    services._mailer.cache_clear()
    ended = send_daily_report.delay()
    assert isinstance(ended.result, SystemConfigurationError)
    assert "write addresses into TASKHUB_OPERATORS" in str(ended.result)


def test_wrong_market_data_settings_are_a_remark_of_the_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from taskhub.actors import send_daily_report

    monkeypatch.setenv("TASKHUB_QUANT_DATABASE_URL", "x://user:secret@host/db")
    (remark,) = send_daily_report.delay().get()["remarks"]
    assert remark.startswith("market data: TASKHUB_QUANT_DATABASE_URL")
    assert "secret" not in remark


def test_a_report_without_market_data_goes_out_and_says_which_stocks_it_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from taskhub.actors import send_daily_report

    monkeypatch.setenv("TASKHUB_REPORT_STOCKS", "600000,sz000001")
    (remark,) = send_daily_report.delay().get()["remarks"]
    assert remark == (
        "stocks 600000.SH, 000001.SZ: there is no market data yet: call "
        "Modules.quant.tasks.sync_daily_data"
    )
    assert not (tmp_path / "quant.sqlite3").exists()
    (sent,) = (tmp_path / "outbox").glob("*.eml")
    body = message_from_bytes(sent.read_bytes(), policy=default).get_body(("plain",))
    assert body is not None
    assert remark in body.get_content()


def test_every_entry_of_the_schedule_is_a_task_on_its_queue(app: Celery) -> None:
    from taskhub.actors.schedule import ENTRIES

    queues = {
        entry["task"]: (entry["options"]["queue"], app.tasks[entry["task"]].queue_name)
        for entry in ENTRIES.values()
    }
    assert len(queues) == 4
    assert all(wanted == own for wanted, own in queues.values()), queues


@pytest.mark.parametrize(
    ("name", "value", "level", "told"),
    [
        ("TASKHUB_OPERATORS", "ops@example.com", "ok", "ops@example.com notified of problems"),
        ("TASKHUB_OPERATORS", "", "ok", "in the outbox"),
        ("TASKHUB_CLEAN_FOLDERS", "/", "fail", "holds more than temporary files"),
        (
            "TASKHUB_SMTP_URL",
            "smtp://a@example.com:b@host",
            "warn",
            "nobody is notified of problems",
        ),
    ],
)
def test_doctor_looks_at_the_settings(
    app: Celery, monkeypatch: pytest.MonkeyPatch, name: str, value: str, level: str, told: str
) -> None:
    from taskhub.actors.checks import check_operators

    monkeypatch.setenv("TASKHUB_MAIL_FROM", "no-reply@example.com")
    monkeypatch.setenv(name, value.replace("a@", "a%40"))
    (finding,) = check_operators(app)
    assert finding.level == level
    assert told in finding.detail
