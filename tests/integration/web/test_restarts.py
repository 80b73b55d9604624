"""Restarts of worker processes: how often, and why the last time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.web.conftest import PROGRAM, Client, Site
from tests.support.workers import SupervisedSet, until

REASON = "was killed by SIGKILL (out of memory?)"


@pytest.fixture
def killed_worker(settings: dict[str, Any], tmp_path: Path) -> Iterator[SupervisedSet]:
    """A worker that this test may break."""
    started = SupervisedSet(
        PROGRAM, settings, tmp_path, processes=2, threads=1, queues=("celery",), name="worker",
        arguments=("-n", "w1@test"),
    )  # fmt: skip
    try:
        yield started.start()
    finally:
        started.kill()


def nodes_processes(client: Client) -> tuple[Any, list[Any]]:
    """Return the node and its processes that have told of themselves."""
    items = client.get("/api/v1/workers").json()["items"]
    known = [one for item in items for one in item["processes"] if one["restarts"] is not None]
    return items[0] if items else None, known


@pytest.mark.usefixtures("killed_worker")
def test_restarts_are_counted_with_the_last_reason(site: Site, run: Any) -> None:
    with site.client("viewer") as client:
        until(lambda: len(nodes_processes(client)[1]) == 2, "both processes to be seen", 60)
        node, (killed, other) = nodes_processes(client)
        assert (node["restarts"], node["restart_reason"]) == (0, None)
        os.kill(killed["pid"], signal.SIGKILL)

        def is_replaced() -> bool:
            pids = {process["pid"] for process in nodes_processes(client)[1]}
            return len(pids) == 2 and killed["pid"] not in pids

        until(is_replaced, "a process in its place", 60)
        node, processes = nodes_processes(client)
        assert (node["restarts"], node["restart_reason"]) == (1, REASON)
        counted = {each["pid"]: (each["restarts"], each["restart_reason"]) for each in processes}
        assert counted.pop(other["pid"]) == (0, None)
        assert list(counted.values()) == [(1, REASON)]
    listed = json.loads(run("status", "--json")[0])["workers"]
    assert {each["process"]: each["restarts"] for each in listed} == {
        other["pid"]: 0,
        next(iter(counted)): 1,
    }
    assert "restarts" in run("status")[0]


def test_viewers_see_no_text_of_an_exception(
    site: Site, settings: dict[str, Any], tmp_path: Path
) -> None:
    works = f"from {PROGRAM} import *\n"
    module = tmp_path / "changing.py"
    module.write_text(works)
    worker = SupervisedSet(
        "changing", settings, tmp_path, processes=1, threads=1, queues=("celery",), path=tmp_path,
        arguments=("-n", "w1@test"),
    ).start()  # fmt: skip
    try:
        (first,) = worker.living
        module.write_text("raise OSError('postgresql://shop:hunter2@db/shop refused')\n")
        os.kill(first, signal.SIGKILL)
        until(lambda: "OSError" in worker.log, "a start that fails", 60)
        module.write_text(works)
        reasons = {}
        for role in ("viewer", "operator"):
            with site.client(role) as client:

                def reason(client: Client = client) -> Any:
                    node, processes = nodes_processes(client)
                    running = [each for each in processes if each["pid"] in worker.living]
                    return (
                        node and running and (node["restart_reason"], running[0]["restart_reason"])
                    )

                reasons[role] = until(reason, "the process in its place", 90)
    finally:
        worker.kill()
    assert reasons["viewer"] == ("cannot start: OSError",) * 2
    assert len(set(reasons["operator"])) == 1
    told = reasons["operator"][0]
    assert told.startswith("cannot start: OSError: changing cannot be imported: ")
    assert "db/shop refused" in told
    assert "hunter2" not in told
