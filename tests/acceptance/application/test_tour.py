"""The tour, as a newcomer takes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.integration.actors.worker import ROOT, Worker
from tests.support.servers import start_valkey


def take_tour(tmp_path: Path, broker: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if "TASKHUB" not in name}
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "compat" / "src")])
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "tour" / "tour.py"), *arguments],
        cwd=tmp_path,
        env={**own, "PYTHONPATH": path, "TASKHUB_BROKER_URL": broker},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_tour_shows_what_it_promises(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as server:
        home = {"TASKHUB_HOME": str(tmp_path / "home")}
        environment = {"TASKHUB_BROKER_URL": server.url, **home}
        with Worker(environment, tmp_path / "worker.log"):
            taken = take_tour(tmp_path, server.url)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert taken.stderr == ""
    said = taken.stdout
    assert len(list((tmp_path / "home" / "outbox").glob("*.eml"))) == 2
    assert "SUCCESS: it succeeded with 0" in said
    assert "FAILURE: it failed: key_prefix: '*'" in said
    turns = re.findall(r"^  ((?:high|low) priority), came", said, re.MULTILINE)
    assert turns == ["high priority", "low priority", "low priority"]
    for attempt in (1, 2, 3):
        assert f"attempt {attempt} of retry_task" in said
    assert "RETRY: it failed and is tried again (the other side is not ready)" in said
    assert "attempt 2 of manual_retry_task" in said
    assert "on_success was called: all went well" in said
    assert re.search(r"on_failure was called for [0-9a-f-]{36}: as you wished", said)


def test_without_workers_it_says_what_to_do(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as server:
        taken = take_tour(tmp_path, server.url, "--patience", "0.5")
    assert taken.returncode == 1
    assert "Type `make up` in another terminal" in taken.stdout
    assert taken.stderr == ""


def test_without_a_store_it_says_so_in_one_line(tmp_path: Path) -> None:
    taken = take_tour(tmp_path, "redis://:secret@127.0.0.1:1/0")
    assert taken.returncode == 1
    assert "127.0.0.1:1" in taken.stdout
    assert "secret" not in taken.stdout + taken.stderr
    assert taken.stderr == ""
