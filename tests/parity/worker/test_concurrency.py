"""How many tasks run at a time is what a worker of Celery makes of the same options, settings and variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskhub.worker.supervisor.cpu_count import available_cpus
from tests.support import parity

FOLDER = Path(__file__).parent / "program"
QUIET = ("-l", "ERROR", "--without-mingle", "--without-gossip", "--without-heartbeat")
COMMAND = ("celery", "-A", "program", "worker", *QUIET)

CASES: dict[str, tuple[tuple[str, ...], dict[str, Any], int]] = {
    "one": ((*COMMAND, "-c", "1"), {}, 1),
    "four": ((*COMMAND, "-c", "4"), {}, 4),
    "setting": (COMMAND, {"worker_concurrency": 1}, 1),
    "none": (COMMAND, {}, available_cpus()),
    "zero": ((*COMMAND, "-c", "0"), {"worker_concurrency": 3}, 3),
    "threads": ((*COMMAND, "-P", "threads", "-c", "4"), {}, 4),
    "pool-setting": ((*COMMAND, "-c", "3"), {"worker_pool": "threads"}, 3),
    "solo": ((*COMMAND, "-P", "solo", "-c", "4"), {}, 1),
    "autoscale": ((*COMMAND, "--autoscale=3,3"), {}, 3),
    "worker-main": (("main", "-c", "1", *QUIET), {}, 1),
    "start-setting": (("main", "start", *QUIET), {"worker_concurrency": 3}, 3),
}
VARIABLES: dict[str, tuple[tuple[str, ...], dict[str, str], int]] = {
    "concurrency": (COMMAND, {"CELERY_WORKER_CONCURRENCY": "1"}, 1),
    "pool": (
        ("celery", "worker", *QUIET),
        {"CELERY_APP": "program", "CELERY_WORKER_POOL": "solo", "CELERY_WORKER_CONCURRENCY": "3"},
        1,
    ),
    "option-first": ((*COMMAND, "-c", "3"), {"CELERY_WORKER_CONCURRENCY": "1"}, 3),
    "empty": (COMMAND, {"CELERY_WORKER_CONCURRENCY": ""}, available_cpus()),
    # `worker_main` does not read them.
    "worker-main": (("main", "-c", "2", *QUIET), {"CELERY_WORKER_POOL": "solo"}, 2),
}


def _most(
    tmp_path: Path, worker: tuple[str, ...], expected: int, **variables: str
) -> dict[str, dict[str, Any]]:
    """Return the most tasks that ran at a time, and what the worker told of its size, by library."""
    with parity.stores(tmp_path) as urls:

        def run(library: str) -> dict[str, Any]:
            text = parity.run_beside_worker(
                library,
                FOLDER,
                worker,
                urls[library],
                tmp_path,
                arguments=(str(expected),),
                **variables,
            )
            found: dict[str, Any] = json.loads(text)
            return found

        return parity.of_both(run)


@pytest.mark.parametrize("case", CASES)
def test_as_many_tasks_run_at_a_time_as_in_celery(tmp_path: Path, case: str) -> None:
    worker, settings, expected = CASES[case]
    found = _most(tmp_path, worker, expected, SETTINGS=json.dumps(settings))
    assert found["taskhub"]["most"] == found["celery"]["most"] == expected
    assert found["taskhub"]["told"] == expected


@pytest.mark.parametrize("case", VARIABLES)
def test_variables_stand_for_options_as_in_celery(tmp_path: Path, case: str) -> None:
    worker, variables, expected = VARIABLES[case]
    found = _most(tmp_path, worker, expected, **variables)
    assert found["taskhub"]["most"] == found["celery"]["most"] == expected
    assert found["taskhub"]["told"] == expected
