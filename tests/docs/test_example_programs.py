"""The programs in `examples/` do what their READMEs say, and survive what these claim."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.docs.markdown import blocks
from tests.docs.stage import Stage
from tests.support.parity import oracle_python
from tests.support.servers import start_valkey
from tests.support.workers import until

DAY = "2026-11-30"


@contextmanager
def example(name: str, directory: Path, **variables: str) -> Iterator[Stage]:
    """Run the README of an example in a copy of it; what it has started still runs."""
    with Stage(directory, example=name, variables=variables) as stage:
        for block in blocks(f"examples/{name}/README.md"):
            stage.run(block)
        yield stage


@pytest.mark.timeout(300)
def test_the_tour_is_as_its_readme_says(tmp_path: Path) -> None:
    with example("tour", tmp_path):
        assert len(list((tmp_path / ".taskhub/outbox").glob("*.eml"))) == 2


@pytest.mark.timeout(300)
def test_priorities_order_calls_and_rates_hold_them_back(tmp_path: Path) -> None:
    with example("priorities", tmp_path) as stage:
        shown = stage.outputs[0]
    limited, changed = shown.split("changed to 60/s")
    by_half = [int(count) for count in re.findall(r"# (\d+)$", limited, re.MULTILINE)]
    assert sum(by_half) == 40
    # At 20/s ten begin in half a second, and those that a busy machine has delayed before.
    assert len(by_half) >= 4
    assert sum(map(int, re.findall(r"# (\d+)$", changed, re.MULTILINE))) == 60
    took = [float(seconds) for seconds in re.findall(r"took ([\d.]+) s", shown)]
    # Nine intervals of a tenth, and of a fifth of a second.
    assert took[0] >= 0.8
    assert took[1] >= 1.7


@pytest.mark.timeout(300)
def test_a_long_task_goes_on_where_it_was(tmp_path: Path) -> None:
    with example("long_task", tmp_path) as stage:
        watched = stage.output_of("python client.py watch films")
    found = re.search(r"done: 500 of 500, from (\d+)", watched)
    assert found, watched
    # Not from the beginning, after its process was killed.
    assert int(found[1]) > 0


@pytest.mark.timeout(300)
def test_a_killed_load_is_repeated_and_repeats_nothing(tmp_path: Path) -> None:
    with example("batch_etl", tmp_path) as stage:
        database = tmp_path / "data/warehouse.sqlite3"
        before = sales(database)
        assert len(before) == 39_600
        # As another program would that writes at the same time: `load` waits for it.
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stage.start(f"python run.py --day {DAY}", "sent: ", "the batch again")
            process = until(lambda: process_that_runs(stage, "etl.load"), "load runs", 30.0)
            os.kill(process, signal.SIGKILL)
            until(
                lambda: process_that_runs(stage, "etl.load") not in (None, process),
                "load runs elsewhere",
                30.0,
            )
            other.execute("ROLLBACK")
        assert f"{DAY}: 200 files, 39,600 sales" in stage.wait_for_last(30.0)
        assert sales(database) == before


@pytest.mark.timeout(300)
def test_a_celery_project_moves_step_by_step(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with start_valkey(tmp_path) as server:
        (project / "before").symlink_to(oracle_python().parents[1])
        (project / "after").symlink_to(".venv")
        with example(
            "moving_from_celery", project, BOOKSHOP_REDIS=server.url, C_FORCE_ROOT="1"
        ) as stage:
            left = [
                path.name
                for path in [*project.glob("*.py"), *project.glob("bookshop/*.py")]
                if "from celery" in path.read_text("utf-8")
            ]
            assert left == []
            assert "charging Ann" in stage.printed()


def sales(database: Path) -> dict[tuple[str, str, int], tuple[str, int]]:
    """Return the rows of the warehouse by their keys."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT batch, shop, receipt, item, cents FROM sales")
        return {(batch, shop, receipt): (item, cents) for batch, shop, receipt, item, cents in rows}


def process_that_runs(stage: Stage, task: str) -> int | None:
    """Return the process that runs a task now."""
    nodes = json.loads(stage.output_of("taskhub -A etl inspect active --json 2> /dev/null"))
    found = [
        running["worker_pid"]
        for node in nodes.values()
        for running in node
        if running["name"] == task
    ]
    return found[0] if found else None
