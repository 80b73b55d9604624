"""`taskhub.results`, the view of results for people who write SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from taskhub.engine.factory import make_engine
from taskhub.engine.port.claims import Completion
from taskhub.engine.port.stores import EngineStores
from taskhub.history import HistoryRecord
from taskhub.outcome import HistoryPart, Outcome
from taskhub.serialization.result_meta import encode_meta
from tests.contract.stage import claim_one, message
from tests.support.postgres import Database

pytestmark = pytest.mark.postgres
COLUMNS = "task_id name state result traceback queue worker enqueued_at started_at finished_at"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database("taskhub_results") as made:
        yield made


def test_results_are_read_in_sql(database: Database) -> None:
    engine = make_engine(EngineStores(broker=database.url, results=database.url))
    at = datetime(2026, 5, 1, tzinfo=UTC)
    sent = int(at.timestamp() * 1000)
    traceback = "a NUL: \0"
    document = encode_meta(
        task_id="one", status="SUCCESS", result={"n": [1, "x"]}, traceback=traceback
    )
    record = HistoryRecord(queue="q", sent_at=sent, started_at=sent + 500, worker="celery@here")
    engine.enqueue([message("one", "q")])
    history = HistoryPart("shop.pay", "SUCCESS", record.encode())
    outcome = Outcome("one", "SUCCESS", document, 100_000)._replace(history=history)
    assert engine.commit("w1", [Completion(claim_one(engine, queue="q"), outcome)]) == [True]
    engine.store_state(
        "two",
        encode_meta(task_id="two", status="FAILURE", result=None, date_done="2026-05-01T00:00:00"),
        None,
    )

    rows = database.connection().execute(
        f"SELECT {COLUMNS.replace(' ', ', ')}, expires_at FROM taskhub.results ORDER BY task_id"
    )

    first, second = rows.fetchall()
    assert first[:3] == ("one", "shop.pay", "SUCCESS")
    assert first[3] == {"n": [1, "x"]}
    assert first[4] == "a NUL: \ufffd"
    assert first[5:8] == ("q", "celery@here", at)
    assert (first[8] - at).total_seconds() == 0.5
    assert first[9] is not None
    assert first[10] > first[9]
    assert second[:3] == ("two", None, "FAILURE")
    assert second[9:] == (at, None)
    engine.close()
