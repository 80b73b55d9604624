"""Results that are larger than `result_max_size`, on a real store: their tasks fail, nobody else is held up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from dramatiq import Worker

from taskhub import Celery, Task, chord, group, states
from taskhub.exceptions import DecodeError, EncodeError
from taskhub.serialization.compression import methods, pack, unpack

LIMIT = 100_000
LARGE = 150_000


@pytest.fixture
def app(store_url: str) -> Iterator[Celery]:
    with Celery("sizes", broker=store_url, set_as_current=False, result_max_size=LIMIT) as app:

        @app.task(name="returns", shared=False)
        def returns(size: int) -> str:
            return "x" * size

        @app.task(name="returns_wide", shared=False)
        def returns_wide(size: int) -> str:
            return "é" * size

        @app.task(name="raises", shared=False)
        def raises(size: int) -> None:
            raise ValueError("x" * size)

        @app.task(name="raises_deep", shared=False)
        def raises_deep(depth: int) -> None:
            if depth:
                try:
                    raises_deep.run(depth - 1)
                except ValueError as error:
                    raise ValueError("y" * 5_000) from error
            raise ValueError("bottom")

        @app.task(name="retries", bind=True, shared=False, max_retries=1)
        def retries(self: Task[..., Any], size: int) -> None:
            raise self.retry(exc=ValueError("x" * size), countdown=0)

        @app.task(name="reports", bind=True, shared=False)
        def reports(self: Task[..., Any], size: int) -> str:
            self.update_state(state="PROGRESS", meta="x" * size)
            return "not here"

        @app.task(name="ignored", shared=False, ignore_result=True)
        def ignored(size: int) -> str:
            return "x" * size

        @app.task(name="count", shared=False)
        def count(values: list[str]) -> int:
            return sum(map(len, values))

        worker = Worker(app.broker, worker_threads=2, worker_timeout=100)
        worker.start()
        yield app
        worker.stop()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("returns", "the result of task returns"),
        ("returns_wide", "the result of task returns_wide"),
        ("raises", r"the exception \(ValueError\) of task raises"),
        ("retries", r"the exception \(ValueError\) of task retries"),
        ("reports", "the state PROGRESS of task"),
    ],
)
def test_what_is_too_large_fails_its_task_alone(app: Celery, name: str, what: str) -> None:
    others = [app.tasks["returns"].delay(3) for _ in range(10)]
    result = app.tasks[name].delay(LARGE)
    with pytest.raises(
        EncodeError, match=rf"{what}.* bytes, more than the 100,000 .*result_max_size"
    ):
        result.get(timeout=30)
    assert result.state == states.FAILURE
    assert [other.get(timeout=30) for other in others] == ["xxx"] * 10


def test_what_is_just_small_enough_is_stored(app: Celery) -> None:
    assert app.tasks["returns"].delay(LIMIT - 1_000).get(timeout=30) == "x" * (LIMIT - 1_000)


def test_a_long_traceback_gives_way_to_its_exception(app: Celery) -> None:
    result = app.tasks["raises_deep"].delay(60)
    with pytest.raises(ValueError, match=r"^y+$"):
        result.get(timeout=30)
    assert 0 < len(result.traceback or "") < LIMIT
    assert (result.traceback or "").endswith("y\n")


def test_a_part_of_a_chord_that_is_too_large_fails_the_chord(app: Celery) -> None:
    for name in ("returns", "ignored"):
        result = chord([app.tasks[name].s(5), app.tasks[name].s(LARGE)], app.tasks["count"].s())()
        with pytest.raises(Exception, match=r"result_max_size"):
            result.get(timeout=30)


def test_a_message_that_no_worker_would_take_is_not_sent(app: Celery) -> None:
    app.conf.task_max_message_size = LIMIT
    called = app.tasks["count"]
    for call in (
        lambda: called.delay(["x" * LARGE]),
        lambda: app.send_task("unknown", ["x" * LARGE]),
        lambda: group(called.s(["x"]), called.s(["x" * LARGE]))(),
    ):
        with pytest.raises(EncodeError, match="more than the 100,000 of task_max_message_size"):
            call()
    assert not any(counts.ready for counts in app.engine.queues().values())


def test_results_without_limit_are_stored(app: Celery) -> None:
    assert app.tasks["ignored"].delay(LARGE).get(timeout=30) is None
    with redis.Redis.from_url(app.conf.broker_url) as client:
        assert client.ping()


@pytest.mark.parametrize(
    "method", [name for name in methods() if name in ("gzip", "bzip2", "lzma")]
)
def test_what_is_decompressed_is_bounded(app: Celery, method: str) -> None:
    packed = pack(b"x" * 50_000_000, method)
    assert len(packed) < LIMIT
    with pytest.raises(DecodeError, match="more than 100,000 bytes when it is decompressed"):
        unpack(packed, LIMIT)
    assert unpack(pack(b"x" * LIMIT, method), LIMIT) == b"x" * LIMIT
    assert unpack(packed) == b"x" * 50_000_000
    with pytest.raises(DecodeError, match="damaged"):
        unpack(pack(b"x" * LIMIT, method)[:-5], LIMIT)
    with pytest.raises(DecodeError, match="decompressed"):
        app.backend.decode_result(packed)
