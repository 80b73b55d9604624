"""Data of another version of taskhub is neither shown nor changed; one line says why."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import redis

from taskhub import Celery
from taskhub.cli import exit_codes, main
from taskhub.web import dashboard
from tests.support.servers import start_valkey

LINE = "{taskhub}:format is 2: another version of taskhub wrote the data, and taskhub "


def test_one_line_says_that_another_version_wrote_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        start_valkey(tmp_path) as server,
        Celery("tests", broker=server.url, set_as_current=False) as app,
        redis.Redis(port=server.port) as store,
    ):
        # Not the shipped app: it would keep this server for all tests of the process.
        module = ModuleType("of_this_test")
        module.__dict__["app"] = app
        monkeypatch.setitem(sys.modules, module.__name__, module)
        app.send_task("tests.work", queue="shop")
        store.set("{taskhub}:format", 2)
        transport = httpx.ASGITransport(dashboard(app), client=("127.0.0.1", 50_000))
        own_pages = {"Sec-Fetch-Site": "same-origin"}

        async def check() -> None:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                pause = client.post(
                    "/api/v1/queues/shop/actions", json={"action": "pause"}, headers=own_pages
                )
                for call in (client.get("/api/v1/tasks"), client.get("/api/v1/overview"), pause):
                    answer = await call
                    assert (answer.status_code, answer.json()["code"]) == (503, "store_version")
                    assert answer.json()["detail"].startswith(LINE)
                assert main(["-A", "of_this_test", "tasks", "list"]) == exit_codes.UNAVAILABLE
                assert (
                    main(["-A", "of_this_test", "queues", "pause", "shop"])
                    == exit_codes.UNAVAILABLE
                )
                first, second = capsys.readouterr().err.splitlines()
                assert first == second
                assert first.startswith(f"error: {LINE}")
                assert not store.exists("{taskhub}:paused")

                store.delete("{taskhub}:format")
                assert (await client.get("/api/v1/tasks")).json()["total"] == 1

        asyncio.run(check())
