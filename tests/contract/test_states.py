"""States that are no completion."""

from __future__ import annotations

import pytest

from taskhub.engine.port.engine import Engine
from tests.contract.stage import claim_one, completion, document, message, state_of


def test_a_state_is_stored(engine: Engine) -> None:
    assert engine.store_state("id", document("id", "STARTED"), 60_000)
    assert state_of(engine, "id") == "STARTED"
    assert engine.store_state("id", document("id", "PROGRESS"), None)
    assert state_of(engine, "id") == "PROGRESS"


@pytest.mark.parametrize(
    "success", ['{"status": "SUCCESS", "result": 1}', '{"status":"SUCCESS","result":1}']
)
def test_a_success_is_never_overwritten(engine: Engine, success: str) -> None:
    engine.store_state("id", success, None)

    assert not engine.store_state("id", document("id", "STARTED"), None)

    assert engine.documents(["id"]) == [success.encode()]


def test_other_completions_are_overwritten(engine: Engine) -> None:
    engine.store_state("id", document("id", "FAILURE"), None)

    assert engine.store_state("id", document("id", "STARTED"), None)


def test_the_word_success_elsewhere_is_no_success(engine: Engine) -> None:
    engine.store_state("id", '{"status": "P", "result": {"status": "SUCCESS"}}', None)

    assert engine.store_state("id", document("id", "STARTED"), None)


def test_a_worker_writes_only_while_it_holds_the_claim(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    started = document("id", "STARTED")

    assert engine.store_state("id", started, None, held=("w1", claim))
    assert not engine.store_state("id", document("id", "X"), None, held=("w2", claim))
    engine.reclaim("w1")
    assert not engine.store_state("id", document("id", "X"), None, held=("w1", claim))
    again = claim_one(engine, "w1")
    assert not engine.store_state("id", document("id", "X"), None, held=("w1", claim))

    assert state_of(engine, "id") == "STARTED"
    assert engine.store_state("id", document("id", "Y"), None, held=("w1", again))
    engine.commit("w1", [completion(again, "FAILURE")])
    assert not engine.store_state("id", started, None, held=("w1", again))


def test_a_completion_is_written_over_a_success(engine: Engine) -> None:
    """A later execution of the same id has the last word, as in Celery."""
    engine.enqueue([message("id"), message("id")])
    first, second = engine.claim("w1", ["default"], 2).claims

    engine.commit("w1", [completion(first)])
    engine.commit("w1", [completion(second, "FAILURE")])

    assert state_of(engine, "id") == "FAILURE"
