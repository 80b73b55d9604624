"""The short form of `make chaos`: every kind of fault at least once, under a mixed load."""

from __future__ import annotations

import json
from pathlib import Path

from tests.chaos import failure_injection, report
from tests.chaos.run import Scale, run
from tests.chaos.workload import Rates

KINDS = {**dict.fromkeys(failure_injection.ALL_KINDS, 1), failure_injection.WORKER_KILLED: 2}
SHORT = Scale(
    seed=5,
    faults=sum(KINDS.values()),
    interval=0.4,
    kinds=KINDS,
    calls=1200,
    rates=Rates(dies=0.003, out_of_memory=0.01, single=0.4, slow=0.2),
)

#: No process dies and no lease runs out, so nothing but the worker itself finds what a broken
#: connection left behind.
CONNECTIONS = Scale(
    seed=6,
    faults=18,
    interval=0.4,
    kinds=dict.fromkeys(
        (
            failure_injection.CUT,
            failure_injection.HALF_CLOSED,
            failure_injection.COMMIT_LOST,
            failure_injection.COMMIT_REPLY_LOST,
            failure_injection.CLAIM_REPLY_LOST,
            failure_injection.CALL_LOST,
            failure_injection.CALL_REPLY_LOST,
            failure_injection.CALLER_CUT,
        ),
        1,
    ),
    calls=1200,
    rates=Rates(slow=0.2),
    # Less than the minute after which claims are compared anyway: they must be found because a
    # reply was missed.
    patience=45.0,
)

#: The store refuses, and nothing else breaks: what it leaves half done is left.
REFUSING = Scale(
    seed=7,
    faults=24,
    interval=0.3,
    kinds={
        **failure_injection.ALL_REFUSALS,
        failure_injection.COMMAND_REFUSED: 12,
        failure_injection.RIGHT_TAKEN: 6,
    },
    calls=1200,
    rates=Rates(single=0.4, slow=0.1, returns_too_much=0.005),
    patience=60.0,
)


def test_nothing_is_lost_or_doubled_while_everything_breaks(tmp_path: Path) -> None:
    record = run(SHORT, tmp_path)
    assert record.problems == []
    # Some strike when there is nothing to strike: no worker lives, or no reply comes.
    assert len(record.injected) >= SHORT.faults - 5
    assert record.redelivered > 0
    figures = report.text(record, "test")
    assert f"| faults | {len(record.injected)} |" in figures
    assert "| lost, doubled, hanging, left over | 0 |" in figures


def test_nothing_is_left_behind_by_connections_that_break(tmp_path: Path) -> None:
    record = run(CONNECTIONS, tmp_path)
    assert record.problems == []
    assert len(record.injected) >= CONNECTIONS.faults - 3
    assert record.redelivered == 0


def test_nothing_is_lost_doubled_or_left_half_done_while_the_store_refuses(tmp_path: Path) -> None:
    record = run(REFUSING, tmp_path)
    assert record.problems == []
    assert len(record.injected) >= REFUSING.faults - 5
    # Each of them has a result that says why, and a message to be run again.
    assert record.dead
    assert all(json.loads(dead.reason)["reason"] for dead in record.dead)
    assert f"that says why | {len(record.dead):,} |" in report.text(record, "test")
