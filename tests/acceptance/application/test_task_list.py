"""The task list that everything began with: its code blocks, verbatim, and its tables."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.acceptance.command import ROOT, Commands, until
from tests.docs.markdown import TASK_LIST, Block, blocks
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.market.redirect import ADDRESS
from tests.support.market.site import Market, MarketSite
from tests.support.servers import Server, start_valkey

HERE = Path(__file__).with_name("task_list")
#: What a module needs so that blocks with `@celery_app()` run; the document leaves it to the
#: reader.
NEEDED = "from Modules.common.libs.celery.celery_service import celery_app\n\n"
TABLE = re.compile(r"(?m)^\| `(?P<name>[\w.-]+)` \| (?P<second>[^|]+) \| (?P<third>[^|]+) \|$")


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Server]:
    with start_valkey(tmp_path) as server:
        yield server


@pytest.fixture
def commands(tmp_path: Path, store: Server, smtp: SmtpServer) -> Iterator[Commands]:
    """A project with a store, an SMTP server, a cache and a market, and the blocks in files."""
    project = tmp_path / "project"
    shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "pyproject.toml").touch()
    (project / "list_settings.py").write_text(
        'include = ["placeholders", "declarations", "tests.support.market.redirect"]\n'
    )
    with MarketSite(Market()) as site:
        found = Commands(
            project,
            {
                "TASKHUB_BROKER_URL": store.url,
                "TASKHUB_CACHE_URL": store.url.removesuffix("/0") + "/5",
                "TASKHUB_CONFIG": "list_settings",
                "TASKHUB_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
                "TASKHUB_MAIL_FROM": "Shop <shop@example.com>",
                "TASKHUB_MAIL_ADDRESS_TEMPLATE": "{username}@example.com",
                "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'compat' / 'src'}:{ROOT}:{project}",
                "PYTHONDONTWRITEBYTECODE": "1",
                ADDRESS: site.address,
            },
        )
        yield found
        found.stop_all()


def declares(block: Block) -> bool:
    """Whether a block declares tasks: workers need it, too."""
    return "@celery_app()" in block.code


@pytest.mark.timeout(240)
def test_every_block_does_what_it_says(commands: Commands, smtp: SmtpServer, store: Server) -> None:
    found = blocks(TASK_LIST)
    assert len(found) == 12
    declaring = [block.code for block in found if declares(block)]
    (commands.directory / "declarations.py").write_text(NEEDED + "\n\n".join(declaring), "utf-8")
    running = [block for block in found if not declares(block)]
    files = []
    for number, block in enumerate(running):
        files.append(commands.directory / f"block{number}.py")
        files[-1].write_text(block.code, "utf-8")
    with redis.Redis.from_url(commands.environment["TASKHUB_CACHE_URL"]) as cache:
        cache.mset({"user:1": "a", "user:2": "b", "other": "c"})

        worker = commands.start("worker", "-c", "1", "-t", "4")
        worker.wait_for("is ready")
        scheduler = commands.start("scheduler")
        done = subprocess.run(
            [sys.executable, "client.py", *map(str, files)],
            cwd=commands.directory,
            env=commands.environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{worker.output}"
        told: list[Any] = [json.loads(line) for line in done.stdout.splitlines()]
        assert cache.keys() == [b"other"]
    mail, cleared, welcome, synced, pending, success, failure, inspected, low, chained, grouped = (
        told[:11]
    )
    called, options = told[11:]

    # E-mail, cache, market data.
    assert mail["task_id"] == mail["id"]
    assert cleared["value"] == 2
    assert {tuple(one.recipients) for one in smtp.received} == {
        ("user@example.com",),
        ("newuser@example.com",),
    }
    subjects = {one.recipients[0]: one.message["Subject"] for one in smtp.received}
    assert subjects["user@example.com"] == "邮件主题"
    assert welcome["id"]
    assert synced["value"]["state"] == "synced", synced

    # States, asked by id and by inspection.
    assert pending["printed"] == "任务等待中\n"
    assert success["printed"] == "任务成功: 2\n"
    assert failure["printed"] == "任务失败: no luck\n"
    (node,) = inspected["registered"]
    assert inspected["active"] == {node: []}
    assert inspected["scheduled"] == {node: []}
    names = {row["name"] for row in TABLE.finditer((ROOT / TASK_LIST).read_text("utf-8"))}
    listed = {name for name in names if name.startswith("Modules.")}
    assert len(listed) == 7
    assert listed <= set(inspected["registered"][node])

    # Retries, priorities, canvases, callbacks.
    assert called == {"retry_task": None, "manual_retry_task": None, "main_task": None}
    assert options == [3, 60, True]
    assert low["value"] == 1
    assert chained["value"] == (1 + 2) * 2 + 100
    assert grouped["value"] == [1, 4, 103]
    until(lambda: "任务成功: None" in worker.output, "on_success to have printed")
    until(lambda: "任务失败: no luck" in worker.output, "on_failure to have printed")

    # The table of periodic jobs.
    scheduler.wait_for("is ready")
    shown = commands.run("schedule", "list", "--json")
    assert shown.returncode == 0, shown.stderr
    jobs = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {job["name"] for job in jobs if "name" in job} >= names - listed


def test_tasks_are_in_the_queues_of_the_tables() -> None:
    from taskhub.actors import app

    text = (ROOT / TASK_LIST).read_text("utf-8")
    rows = [row for row in TABLE.finditer(text) if row["name"].startswith("Modules.")]
    assert len(rows) == 7
    for row in rows:
        assert app.tasks[row["name"]].queue_name == row["third"].strip(), row["name"]
