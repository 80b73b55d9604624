"""Workers whose connection or server fails: nothing is lost or doubled, and they resume by themselves."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taskhub import states
from tests.integration.worker.conftest import Journal, Stage
from tests.support.faulty_proxy import FaultyProxy
from tests.support.servers import start_valkey
from tests.support.workers import until


def test_a_claim_whose_reply_was_lost_is_given_back_and_run(
    stage: Stage, proxy: FaultyProxy, journal: Journal
) -> None:
    workers = stage.workers(url=proxy.url)
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    proxy.lose_reply(b"mark-this")
    result = stage.send("mark", journal, "mark-this")
    assert proxy.lost.wait(10)
    proxy.cut()
    assert result.get(timeout=10) == workers.pids[0]
    assert journal.words == ["mark-this"]
    until(lambda: "was never received: requeued" in workers.log, "its line in the log", 10.0)
    assert stage.held == {}


@pytest.mark.parametrize("countdown", [0.0, 0.2])
def test_an_ending_whose_reply_was_lost_is_not_doubled(
    stage: Stage, proxy: FaultyProxy, journal: Journal, countdown: float
) -> None:
    workers = stage.workers(url=proxy.url)
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    proxy.lose_reply_to(b'"RETRY"')
    result = stage.send("retry_once", journal, countdown)
    assert proxy.lost.wait(10)
    assert result.get(timeout=10) == 1
    until(lambda: not stage.held, "the end of all claims")
    counts = stage.app.engine.queues()["default"]
    assert counts.total == 0
    assert journal.words == [("try", 0), ("try", 1)]
    assert "had been taken away" not in workers.log


def test_a_pipeline_goes_on_once_when_the_reply_to_an_ending_was_lost(
    stage: Stage, proxy: FaultyProxy, journal: Journal
) -> None:
    stage.workers(url=proxy.url)
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    second = stage.native("mark", journal)
    first = stage.native("native_add", 20, 22, pipe_target=second.asdict())
    proxy.lose_reply_to(first.message_id.encode() + b'"')
    stage.enqueue(first)
    assert proxy.lost.wait(10)
    assert stage.app.AsyncResult(second.message_id).get(timeout=10)
    until(lambda: not stage.held, "the end of all claims")
    assert stage.app.engine.queues()["default"].ready == 0
    assert journal.words == [42]


@pytest.mark.parametrize("fault", ["cut", "half_close", "go_silent"])
def test_a_worker_resumes_when_its_connections_break(
    stage: Stage, proxy: FaultyProxy, journal: Journal, fault: str
) -> None:
    workers = stage.workers(url=proxy.url)
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    getattr(proxy, fault)()
    if fault == "go_silent":
        # What was connected stays silent for ever; who connects anew is served.
        proxy.speak()
    sent = [stage.send("mark", journal, number) for number in range(20)]
    for result in sent:
        assert result.get(timeout=20) == workers.pids[0]
    assert sorted(journal.words) == list(range(20))
    until(lambda: "the store answers again" in workers.log, "its line in the log", 10.0)


def test_a_worker_backs_off_while_the_server_is_away_and_then_resumes(
    make_stage: Callable[..., Stage], tmp_path: Path, journal: Journal
) -> None:
    with start_valkey(tmp_path, args=("--appendfsync", "always")) as server:
        stage = make_stage(server.url)
        workers = stage.workers()
        running = stage.send("work", journal, 1.0)
        journal.wait_for(1)
        sent = [stage.send("mark", journal, number) for number in range(10)]
        used = cpu_seconds(workers.pids[0])
        server.stop()
        stopped = time.monotonic()
        until(lambda: time.monotonic() - stopped > 5, "the server to have been away for 5 s")
        used = cpu_seconds(workers.pids[0]) - used
        complaints = len(re.findall(r"trying again in", workers.log))
        server.start()
        started = time.monotonic()
        assert running.get(timeout=60) == workers.pids[0]
        for result in sent:
            assert result.get(timeout=60) == workers.pids[0]
        assert time.monotonic() - started < 8
    assert used < 1.0
    assert 3 <= complaints <= 20
    until(lambda: "the store answers again" in workers.log, "its line in the log", 10.0)


def test_no_task_is_lost_when_the_server_is_killed_under_load(
    make_stage: Callable[..., Stage], tmp_path: Path, journal: Journal
) -> None:
    with start_valkey(tmp_path, args=("--appendfsync", "always")) as server:
        stage = make_stage(server.url)
        stage.workers(threads=4)
        sent = [stage.send("work", journal, 0.01, number) for number in range(300)]
        journal.wait_for(50)
        server.kill()
        server.start()
        for result in sent:
            assert result.get(timeout=30) > 0
        until(lambda: not stage.held, "the end of all claims")
        assert all(result.state == states.SUCCESS for result in sent)
    ended = [word[1] for word in journal.words if word[0] == "end"]
    assert set(ended) == set(range(300))
    # What had ended when the server was killed was ended afterwards, not run again.
    assert len(ended) == 300


def test_a_worker_that_starts_without_a_server_says_so_and_ends(
    make_stage: Callable[..., Stage], proxy: FaultyProxy
) -> None:
    proxy.refuses = True
    stage = make_stage()
    workers = stage.workers(url=proxy.url, wait=False)
    assert workers.wait(30) != 0
    until(lambda: f"127.0.0.1:{proxy.port}" in workers.log, "its line in the log", 10.0)


def cpu_seconds(process: int) -> float:
    """Return how much processor time a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
