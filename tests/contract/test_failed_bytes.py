"""Messages of failed tasks are kept within a number of bytes, the newest of them."""

from __future__ import annotations

import pytest

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.engine import RedisEngine
from tests.contract.stage import Clock, claim_all, completion, message

REASON = '{"reason": "ValueError"}'
TTL = 60_000


@pytest.fixture
def rules() -> EngineRules:
    return EngineRules(failed_max_bytes=4000, dead_letter_ttl=TTL)


def fail(engine: Engine, clock: Clock, *task_ids: str, size: int) -> None:
    """Send messages with bodies of a size, and let their tasks fail in one commit."""
    engine.enqueue([message(task_id, body=b"x" * size) for task_id in task_ids])
    completions: list[Completion] = []
    for claim in claim_all(engine):
        ended = completion(claim, "FAILURE")
        completions.append(ended._replace(outcome=ended.outcome._replace(failed=REASON)))
    assert engine.commit("w1", completions) == [True] * len(task_ids)
    clock.advance(1)


def kept(engine: Engine) -> list[str]:
    return [letter.key for letter in engine.history.failed(0, 9999)]


def set_count(engine: Engine, count: int | None) -> None:
    """Set the stored count of bytes; None: there is none, as in a store of an older version."""
    if isinstance(engine, RedisEngine):
        name = f"{{{engine.rules.namespace}}}:failed:bytes"
        engine._call(("DEL", name) if count is None else ("SET", name, count))


def count_is_right(engine: Engine) -> bool:
    """Whether the stored count is that of the messages that are kept."""
    if not isinstance(engine, RedisEngine):
        return True
    ns = f"{{{engine.rules.namespace}}}"
    count, messages = engine._call(
        ("GET", f"{ns}:failed:bytes"), ("HVALS", f"{ns}:failed:messages")
    )
    return int(count) == sum(map(len, messages))


def test_the_oldest_make_room(engine: Engine, clock: Clock) -> None:
    fail(engine, clock, "a", size=2000)
    fail(engine, clock, "b", size=1500)
    assert kept(engine) == ["a", "b"]
    fail(engine, clock, "c", size=700)
    assert kept(engine) == ["b", "c"]
    fail(engine, clock, "d", "e", size=1200)
    assert kept(engine) == ["c", "d", "e"]


def test_one_that_has_no_room_alone_pushes_nothing_out(engine: Engine, clock: Clock) -> None:
    fail(engine, clock, "a", size=100)
    fail(engine, clock, "large", size=4000)
    fail(engine, clock, "b", size=100)
    assert kept(engine) == ["a", "b"]
    assert engine.history.failed_messages(["large"]) == [None]
    assert engine.unfinished("default") == 0


def test_one_that_fails_again_counts_once(engine: Engine, clock: Clock) -> None:
    for _ in range(3):
        fail(engine, clock, "a", size=2500)
    fail(engine, clock, "b", size=1200)
    assert kept(engine) == ["a", "b"]
    fail(engine, clock, "a", size=1200)
    fail(engine, clock, "c", size=1200)
    assert kept(engine) == ["b", "a", "c"]


def test_what_is_retried_deleted_or_expired_counts_no_longer(engine: Engine, clock: Clock) -> None:
    fail(engine, clock, "a", "b", size=1800)
    assert engine.history.retry_failed(["a", "a", "none"]) == ["a"]
    engine.purge("default")
    fail(engine, clock, "c", size=1800)
    assert kept(engine) == ["b", "c"]
    assert engine.history.delete(["c", "c", "none"]) == ["c"]
    fail(engine, clock, "d", size=1800)
    assert kept(engine) == ["b", "d"]
    clock.advance(TTL)
    engine.renew(["w1"], TTL)
    assert kept(engine) == []
    fail(engine, clock, "e", "f", size=1800)
    assert kept(engine) == ["e", "f"]
    engine.history.delete(["e", "f"])
    fail(engine, clock, "g", size=3800)
    assert kept(engine) == ["g"]


def test_dead_letters_do_not_count(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("dead", body=b"x" * 5000)])
    engine.commit("w1", [completion(claim_all(engine)[0], "FAILURE", dead=REASON)])
    fail(engine, clock, "a", size=3800)
    engine.delete_dead_letters(["dead"])
    fail(engine, clock, "b", size=100)
    assert kept(engine) == ["a", "b"]


@pytest.mark.parametrize("rules", [EngineRules(failed_max_bytes=0, failed_limit=3)])
def test_without_a_bound_only_their_number_counts(engine: Engine, clock: Clock) -> None:
    fail(engine, clock, "a", "b", "c", "d", size=200_000)
    assert kept(engine) == ["b", "c", "d"]


@pytest.mark.parametrize("rules", [EngineRules(failed_max_bytes=300_000)])
def test_many_small_ones_make_room_for_a_large_one(engine: Engine, clock: Clock) -> None:
    # Each of 147 bytes, with its reason.
    fail(engine, clock, *(f"m{number:04}" for number in range(1000)), size=106)
    fail(engine, clock, *(f"n{number:04}" for number in range(1000)), size=106)
    assert len(kept(engine)) == 2000
    fail(engine, clock, "large", size=290_000)
    found = kept(engine)
    assert found[-1] == "large"
    assert found[0].startswith("n")
    assert 60 < len(found) < 70


@pytest.mark.parametrize("count", [None, -5000])
def test_messages_kept_before_there_was_a_count_are_counted_once(
    engine: Engine, clock: Clock, count: int | None
) -> None:
    fail(engine, clock, "a", "b", size=1700)
    set_count(engine, count)
    fail(engine, clock, "c", size=1700)
    assert kept(engine) == ["b", "c"]
    assert count_is_right(engine)
    fail(engine, clock, "d", size=100)
    assert kept(engine) == ["b", "c", "d"]
    assert count_is_right(engine)


@pytest.mark.parametrize("rules", [EngineRules(failed_max_bytes=400_000)])
def test_many_kept_before_there_was_a_count_are_counted(engine: Engine, clock: Clock) -> None:
    for prefix in "mno":
        fail(engine, clock, *(f"{prefix}{number:03}" for number in range(800)), size=100)
    assert len(kept(engine)) == 2400
    set_count(engine, None)
    fail(engine, clock, "large", size=200_000)
    assert 1000 < len(kept(engine)) < 1500
    assert count_is_right(engine)


@pytest.mark.parametrize("takes_away", ["retries", "deletes", "expires"])
@pytest.mark.parametrize("count", [None, 1])
def test_what_is_taken_away_never_makes_the_count_negative(
    engine: Engine, clock: Clock, takes_away: str, count: int | None
) -> None:
    fail(engine, clock, "a", size=1700)
    clock.advance(TTL // 2)
    fail(engine, clock, "b", size=1700)
    set_count(engine, count)
    if takes_away == "retries":
        assert engine.history.retry_failed(["a"]) == ["a"]
        engine.purge("default")
    elif takes_away == "deletes":
        assert engine.history.delete(["a"]) == ["a"]
    else:
        clock.advance(TTL // 2)
        engine.renew(["w1"], TTL)
    assert kept(engine) == ["b"]
    if count is None:
        fail(engine, clock, "c", "d", size=1700)
        assert kept(engine) == ["c", "d"]
        assert count_is_right(engine)
    elif isinstance(engine, RedisEngine):
        assert engine._call(("GET", f"{{{engine.rules.namespace}}}:failed:bytes")) == [b"0"]
