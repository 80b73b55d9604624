"""The tasks that look after the system, in a real worker, over real SMTP."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import redis

from taskhub import Celery, states
from taskhub.control.broadcast import live_worker_infos
from tests.integration.actors.conftest import Call, StartWorker
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.servers import Server
from tests.support.workers import until

NAME = "Modules.admin.tasks.default_tasks."
DAY = 86_400
#: What depends on the machine that runs the tests is not judged.
CALM = {
    **{
        f"TASKHUB_STATUS_{name}": "-,-"
        for name in ("CPU", "MEMORY", "DISK", "LATENCY", "QUEUE_AGE")
    },
    "TASKHUB_STATUS_TIMEOUT": "60",
}


@pytest.fixture
def variables(smtp: SmtpServer, tmp_path: Path) -> dict[str, str]:
    return {
        "TASKHUB_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}?timeout=5",
        "TASKHUB_MAIL_FROM": "任务中心 <no-reply@example.com>",
        "TASKHUB_OPERATORS": "ops@example.com, boss@example.com",
        "TASKHUB_CLEAN_FOLDERS": f"{tmp_path / 'exports'}=3",
        "TASKHUB_HOME": str(tmp_path / "home"),
        **CALM,
    }


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    """Another program with the name of the shipped app, to which periodic jobs belong."""
    with Celery("taskhub", broker=server.url, set_as_current=False) as app:
        yield app


def test_operators_are_told_once_of_each_change(
    smtp: SmtpServer, start_worker: StartWorker, variables: dict[str, str], call: Call, app: Celery
) -> None:
    start_worker(**variables)
    until(lambda: live_worker_infos(app), "the worker to introduce itself", 30)

    def check(timeout: float = 60) -> dict[str, Any]:
        told: dict[str, Any] = call(f"{NAME}check_system_status", "default").get(timeout=timeout)
        return told

    first = check()
    assert first["state"] == "warn", first["problems"]
    assert [one["kind"] for one in first["problems"]] == ["scheduler"]
    assert first["notice"] == {"kind": "worse", "mail": "sent"}
    assert set(first["services"]) == {"broker", "results", "cache", "e-mail", "market data"}
    assert {one["state"] for one in first["services"].values()} == {"ok"}
    assert first["services"]["broker"]["seconds"] > 0
    (host,) = first["hosts"]
    assert host["cores"] == os.cpu_count()
    assert host["disks"][0]["path"] == "/"
    (worker,) = first["workers"]
    assert (worker["host"], worker["threads"]) == (host["name"], 2)
    assert {one["name"]: one["served_by"] for one in first["queues"]}["default"] == [worker["node"]]
    assert (first["scheduler"], first["dead_letters"]) == (None, 0)
    assert smtp.received[0].recipients == ["ops@example.com", "boss@example.com"]
    assert smtp.received[0].message["Subject"] == "【警告】没有调度器在运行，定时任务不会执行"
    assert check()["notice"] is None
    # A scheduler leads now; that it does has to last.
    leading = app.schedule.schedule_store.lead("one", 0, 600_000)
    assert check()["notice"] is None
    well = check()
    assert (well["state"], well["notice"]) == ("ok", {"kind": "recovered", "mail": "sent"})
    assert well["scheduler"]["name"] == "one"
    assert smtp.received[1].message["Subject"] == "【正常】系统已恢复"
    # The mail cannot be sent now: it is at the next check, once, although several check at the same
    # time.
    app.schedule.schedule_store.resign(leading.token)
    smtp.behaviour.to_content = "451 later"
    failed = check()["notice"]
    assert (failed["kind"], failed["mail"]) == ("worse", "failed")
    assert "451 later" in failed["error"]
    smtp.behaviour.to_content = "250 OK"
    checks = [call(f"{NAME}check_system_status", "default") for _ in range(4)]
    notices = [result.get(timeout=60)["notice"] for result in checks]
    assert len(smtp.received) == 3
    assert {None if one is None else one["mail"] for one in notices} <= {None, "sent", "skipped"}
    ids = {received.message["Message-ID"] for received in smtp.received}
    assert len(ids) == 3


def test_a_worker_tells_the_load_of_its_host(
    start_worker: StartWorker, variables: dict[str, str], app: Celery
) -> None:
    start_worker(**variables)
    until(lambda: live_worker_infos(app), "the worker to introduce itself", 30)
    (reply,) = app.control.broadcast("host_load", reply=True, timeout=30) or ()
    (load,) = reply.values()
    assert load["name"] == os.uname().nodename
    assert load["memory_total"] > load["memory_available"] > 0


def test_cleans_and_reports(
    smtp: SmtpServer,
    store: redis.Redis,
    start_worker: StartWorker,
    variables: dict[str, str],
    call: Call,
    tmp_path: Path,
) -> None:
    worker = start_worker(**variables)
    exports, precious = tmp_path / "exports", tmp_path / "precious"
    for folder in (exports, precious):
        folder.mkdir()
        (folder / "old").write_bytes(b"12345")
        os.utime(folder / "old", (time.time() - 4 * DAY,) * 2)
    (exports / "link").symlink_to(precious)
    clean = f"{NAME}clean_temp_files"
    dry = call(clean, "default", dry_run=True).get(timeout=30)
    assert (dry["files"], dry["bytes"], dry["examples"]) == (1, 5, [str(exports / "old")])
    wet = call(clean, "default").get(timeout=30)
    assert (wet["files"], wet["bytes"], wet["errors"]) == (1, 5, 0)
    assert [path.name for path in exports.iterdir()] == ["link"]
    assert (precious / "old").exists()
    # Some fail, with what the report shows.
    wrong = call(f"{NAME}send_email", "email", to="<b>", subject="x", body="x")
    until(lambda: wrong.state == states.FAILURE, "the call to fail", 30)
    today = datetime.now(UTC).date()
    report = f"{NAME}send_daily_report"
    both = [call(report, "default", day=str(today)) for _ in range(2)]
    told = [result.get(timeout=90) for result in both]
    (received,) = smtp.received
    sent = next(one for one in told if "mail" in one and not one["mail"]["repeated"])
    assert (sent["day"], sent["failed"], sent["charts"]) == (str(today), 1, ["durations", "hours"])
    other = told[1 - told.index(sent)]
    assert other.get("state") == "skipped" or other["mail"]["repeated"] is True
    again = call(report, "default", day=str(today)).get(timeout=60)
    assert again["mail"]["repeated"] is True
    assert len(smtp.received) == 1
    assert "任务日报" in received.message["Subject"]
    text, html, images = parts(received.message)
    for body in (text, html):
        assert "InvalidMailError" in body
        assert "clean_temp_files" in body
    assert wrong.id in text
    # What users write does not become markup.
    assert "&lt;b&gt;" in html
    for name, content in images.items():
        assert f'src="cid:{name}"' in html
        assert content.startswith(b"\x89PNG")
    assert set(images) == {"hours", "durations"}
    assert "Traceback" not in worker.log


def parts(message: EmailMessage) -> tuple[str, str, dict[str, bytes]]:
    """Return text, HTML, and the images that the HTML shows, by their content ids."""
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    images = {
        str(part["Content-ID"]).strip("<>"): part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_maintype() == "image"
    }
    assert all(isinstance(content, bytes) for content in images.values())
    return text.get_content(), html.get_content(), images  # type: ignore[return-value]
