"""Steps of a worker, and what programs ask of stores and queues by hand."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ecosystem.environment import project
from tests.support.workers import until


def test_a_liveness_file_lives_as_long_as_the_worker(tmp_path: Path) -> None:
    with project("steps", tmp_path) as probe:
        worker = ("celery", "-A", "probe", "worker", "-c", "1", "-n", "me@%h")
        with probe.running(*worker, ready="is ready"):
            file = probe.directory / "liveness"
            until(lambda: file.exists() and file.read_text().startswith("me@"), "file", 20.0)
        assert not file.exists()
        assert (probe.directory / "stopped").exists()


def test_lengths_of_queues_and_values_of_ones_own(tmp_path: Path) -> None:
    with project("steps", tmp_path) as probe:
        told = json.loads(probe.run("python", "lengths.py").splitlines()[-1])
    assert told[:4] == [4, 4, 4, 4]
    assert told[4:8] == [["probe.nothing"] * 4, [[2], [1], [0]], "application/x-t", 2]
    assert "taskhub does not offer Connection.Consumer" in told[8]
    assert told[9:] == ["1", 2, True, None]
