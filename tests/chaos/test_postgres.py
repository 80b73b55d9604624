"""The chaos run on PostgreSQL in short, and what is read of its write-ahead log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import failure_injection as faults
from tests.chaos.ledger import Dead, Kept, Marked, Published, PutBack, Removed, Stored
from tests.chaos.postgres_store import read_writes
from tests.chaos.run import Scale, run
from tests.chaos.workload import Rates

BODY = rb'{"actor_name":"step","kwargs":{"label":"a"},"options":{}}'.hex()
MESSAGE = f"key[text]:'1' queue[text]:'work' priority[smallint]:5 body[bytea]:'\\x{BODY}'"

#: What Valkey has no like of, and one of each kind that it has, in one run: breaks and refusals.
SHORT = Scale(
    seed=3,
    faults=12,
    interval=0.3,
    kinds=dict.fromkeys(
        (
            *(faults.WORKER_KILLED, faults.STORE_KILLED, faults.CUT, faults.COMMIT_REPLY_LOST),
            *(faults.CLAIM_REPLY_LOST, faults.CALL_REPLY_LOST, faults.BACKENDS_ENDED),
            *(faults.BACKEND_KILLED, faults.SERIALIZATION, faults.DISK_FULL),
            *(faults.READ_ONLY, faults.NO_CONNECTION),
        ),
        1,
    ),
    calls=500,
    rates=Rates(dies=0.003, single=0.4, slow=0.2, returns_too_much=0.003),
    machines=1,
    store="postgresql",
)


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_nothing_is_lost_or_doubled_while_postgresql_breaks_and_refuses(tmp_path: Path) -> None:
    record = run(SHORT, tmp_path)
    assert record.problems == []
    assert len(record.injected) >= SHORT.faults - 3
    assert record.redelivered > 0


def test_transactions_tell_what_was_put_back_from_what_was_published_again() -> None:
    table = "table chaos"
    found = read_writes(
        [
            *("BEGIN", f"{table}.messages: INSERT: {MESSAGE}", "COMMIT"),
            # A claim, and its end without an outcome.
            *("BEGIN", f"{table}.claims: INSERT: key[text]:'1' worker[text]:'w'", "COMMIT"),
            *("BEGIN", f"{table}.claims: DELETE: key[text]:'1'", "COMMIT"),
            *("BEGIN", f"{table}.messages: UPDATE: {MESSAGE}", "COMMIT"),
            *("BEGIN", f"{table}.claims: DELETE: key[text]:'1'"),
            f"{table}.messages: DELETE: key[text]:'1'",
            *(f"{table}.messages: INSERT: {MESSAGE}", "COMMIT"),
            *("BEGIN", "table public.marks: INSERT: name[text]:'it''s'", "COMMIT"),
            *("BEGIN", f"{table}.messages: DELETE: key[text]:'1'"),
            f"{table}.result_documents: INSERT: task_id[text]:'1' document[text]:"
            '\'{"task_id": "1", "status": "FAILURE"}\' expires[bigint]:null',
            f"{table}.dead_letters: INSERT: {MESSAGE} reason[text]:'{{}}' expires[bigint]:1",
            f"{table}.failed_messages: INSERT: {MESSAGE} task_id[text]:'1' reason[text]:'x y'",
            "COMMIT",
        ]
    )
    assert list(found) == [
        *(Published("1", "1", "step", "a", 0), PutBack("1"), Marked("it's"), Removed("1")),
        *(Stored("1", "FAILURE"), Dead("1", "a", 0, "{}"), Kept("1", "1", "a", 0)),
    ]
