"""Messages that are not opened, on the store in memory: too large, or of a format that is not known."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from taskhub import chord, states
from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rules import EngineRules
from taskhub.exceptions import ChordError, DecodeError
from taskhub.message import FORMAT, Envelope, encode_body
from tests.support.workers import until


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine(EngineRules(largest_message=10_000))


def reasons(engine: MemoryEngine) -> dict[str, str]:
    return {letter.key: json.loads(letter.reason)["detail"] for letter in engine.dead_letters(0, 9)}


def test_what_is_too_large_is_a_dead_letter_and_its_chord_learns_of_it(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task
    def length(text: str) -> int:
        return len(text)

    @app.task
    def total(lengths: list[int]) -> int:
        return sum(lengths)

    result = chord([length.s("short"), length.s("x" * 10_000)], total.s()).apply_async()
    work()

    with pytest.raises(DecodeError, match="more than the 10,000 of task_max_message_size"):
        result.get(timeout=10)
    large = result.parent.results[1]
    assert large.state == states.FAILURE
    until(lambda: isinstance(result.result, ChordError), "the body's failure")
    assert list(reasons(engine)) == [large.id]
    assert length.delay("x" * 9_000).get(timeout=10) == 9_000


def test_what_a_later_version_has_written_is_a_dead_letter(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task(name="add")
    def add(x: int, y: int) -> int:
        return x + y

    fields = {"actor_name": "add", "args": [1, 2], "kwargs": {}, "options": {}}
    for task_id, number in (("known", FORMAT), ("unknown", FORMAT + 1)):
        body = encode_body({**fields, "format": number})
        engine.enqueue([Envelope(task_id, "default", 5, body)])
    work()

    assert app.AsyncResult("known").get(timeout=10) == 3
    with pytest.raises(DecodeError, match=f"unknown format {FORMAT + 1}"):
        app.AsyncResult("unknown").get(timeout=10)
    assert list(reasons(engine)) == ["unknown"]
