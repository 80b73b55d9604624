"""Runs of periodic jobs as the store keeps them, also those that a later version has written."""

from __future__ import annotations

import json

from taskhub.engine.port.schedule_store import RunOutcome
from taskhub.engine.redis.schedule_store import _read_run

RUN = {"fire": "1000", "result": "sent", "at": "1001", "task_id": "a"}
OUTCOME = ["FAILURE", 1002, 0.5, "ValueError"]


def test_what_a_later_version_adds_is_passed_over() -> None:
    later = {**RUN, "outcome": json.dumps([*OUTCOME, "w1", 3]), "host": "h"}
    assert _read_run(later) == _read_run({**RUN, "outcome": json.dumps(OUTCOME)})
    assert _read_run(later).outcome == RunOutcome("FAILURE", 1002, 0.5, "ValueError")
    assert _read_run(RUN).outcome is None
