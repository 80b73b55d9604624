"""What is counted and told while tasks run: in the step that ends them, once, and not for ever."""

from __future__ import annotations

import threading

import pytest

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.monitoring import FROM_BEGINNING
from taskhub.engine.port.rules import EngineRules
from taskhub.statistics import Failure, failures, summarize
from taskhub.statistics.failures import MOST
from taskhub.statistics.tally import Subject, tally, with_error
from tests.contract.stage import Clock, claim_all, claim_one, message, outcome
from tests.support.workers import until

DONE = tally("add", "default", "done", 0.003, 0.2)
FAILED = tally("add", "default", "failed", 0.003)
REVOKED = tally("add", "default", "revoked")


@pytest.fixture
def rules() -> EngineRules:
    return EngineRules(max_deliveries=3, events_kept=50)


def _end(engine: Engine, *tallies: str, worker: str = "w1") -> list[bool]:
    """Run so many messages and end them as counted."""
    engine.enqueue([message(f"t{number}") for number in range(len(tallies))])
    claims = claim_all(engine, worker)
    return engine.commit(
        worker,
        [
            Completion(claim, outcome(claim.task_id), text)
            for claim, text in zip(claims, tallies, strict=True)
        ],
    )


def _texts(engine: Engine, after: str = FROM_BEGINNING) -> list[str]:
    with engine.read_events(after) as events:
        return [event.text.decode() for event in events.read(0)]


def test_completions_are_counted_in_the_minute_of_their_commit(
    engine: Engine, clock: Clock
) -> None:
    minute = clock() // 60_000
    assert engine.current_minute() == minute
    _end(engine, DONE, DONE, FAILED, REVOKED)
    clock.advance(60_000)
    _end(engine, DONE)
    first, second, third = engine.counts([minute, minute + 1, minute + 2])
    assert first == {
        "add\ndefault\n=done": 2,
        "add\ndefault\n=failed": 1,
        "add\ndefault\n=revoked": 1,
        "add\ndefault\nr4": 3,
        "add\ndefault\nw16": 2,
    }
    assert second == {"add\ndefault\n=done": 1, "add\ndefault\nr4": 1, "add\ndefault\nw16": 1}
    assert third == {}
    summary = summarize([first, second])[Subject("add", "default")]
    assert (summary.done, summary.failed, summary.run.count, summary.wait.count) == (3, 1, 4, 3)


def test_single_completions_are_counted_in_their_minutes(engine: Engine, clock: Clock) -> None:
    minute = clock() // 60_000
    for _ in range(3):
        for _ in range(20):
            _end(engine, DONE)
        clock.advance(60_000)
    _end(engine, *[FAILED] * 60)
    counts = engine.counts(range(minute, minute + 4))
    assert [found.get("add\ndefault\n=done", 0) for found in counts] == [20, 20, 20, 0]
    assert counts[3]["add\ndefault\n=failed"] == 60


def test_a_completion_that_is_refused_is_not_counted(engine: Engine) -> None:
    engine.enqueue([message("t1")])
    claim = claim_one(engine)
    completions = [Completion(claim, outcome("t1")._replace(events=("{}",)), DONE)]
    engine.reclaim("w1")
    assert engine.commit("w1", completions) == [False]
    again = claim_one(engine, "w2")
    assert engine.commit("w2", [Completion(again, outcome("t1"), FAILED)]) == [True]
    assert engine.commit("w2", [Completion(again, outcome("t1"), FAILED)]) == [False]
    (counts,) = engine.counts([engine.current_minute()])
    assert counts == {"add\ndefault\n=failed": 1, "add\ndefault\nr4": 1}
    assert _texts(engine) == []


def test_a_completion_without_a_tally_is_not_counted(engine: Engine) -> None:
    _end(engine, "")
    assert engine.counts([engine.current_minute()]) == [{}]


def test_what_tasks_failed_with_is_kept_with_the_last_example(engine: Engine, clock: Clock) -> None:
    minute = engine.current_minute()
    full = with_error(FAILED, "t1", "OSError\nno space: 100 % [x]")
    odd = with_error(tally("odd.päck", "b", "failed"), "t3", "Päck\n")
    _end(engine, DONE, full, full, with_error(FAILED, "t2", "ValueError\n"), odd)
    clock.advance(60_000)
    _end(engine, with_error(FAILED, "t4", "OSError\nno route"))
    minutes = [minute, minute + 1, minute + 2]
    first, second, third = engine.failures(minutes)
    assert second == {"add\ndefault\nOSError": "1", "add\ndefault\nOSError\n": "no route\nt4"}
    assert third == {}
    assert failures([first, second]) == {
        Subject("add", "default"): [
            Failure("OSError", 3, "no route", "t4"),
            Failure("ValueError", 1, "", "t2"),
        ],
        Subject("odd.päck", "b"): [Failure("Päck", 1, "", "t3")],
    }
    # They are counted like others.
    summary = summarize(engine.counts(minutes))[Subject("add", "default")]
    assert (summary.done, summary.failed, summary.run.count) == (1, 4, 5)


def test_a_flood_of_kinds_of_failures_is_cut(engine: Engine) -> None:
    texts = [with_error(FAILED, "t", f"Error{number}\nx") for number in range(MOST + 20)]
    _end(engine, *texts)
    (kept,) = engine.failures([engine.current_minute()])
    assert len(kept) == 2 * MOST
    # Those that are known are still counted.
    known = next(iter(failures([kept])[Subject("add", "default")]))
    _end(engine, with_error(FAILED, "t", f"{known.kind}\nagain"))
    found = failures(engine.failures([engine.current_minute()]))[Subject("add", "default")]
    assert found[0] == Failure(known.kind, 2, "again", "t")


@pytest.mark.parametrize("rules", [EngineRules(statistics_ttl=0)], ids=["off"])
def test_nothing_is_counted_where_counts_are_not_kept(engine: Engine) -> None:
    assert _end(engine, DONE, with_error(FAILED, "t", "OSError\nx")) == [True, True]
    assert engine.counts([engine.current_minute()]) == [{}]
    assert engine.failures([engine.current_minute()]) == [{}]


@pytest.mark.parametrize("rules", [EngineRules(statistics_ttl=50)], ids=["short"])
def test_counts_are_forgotten(engine: Engine, clock: Clock) -> None:
    minute = engine.current_minute()
    _end(engine, DONE, with_error(FAILED, "t", "OSError\nx"))

    def is_forgotten() -> bool:
        clock.advance(100)
        return engine.counts([minute]) == engine.failures([minute]) == [{}]

    until(is_forgotten, "the counts to be forgotten")


def test_odd_names_are_counted_as_they_are(engine: Engine) -> None:
    odd = "päck.add %d [x] 'y'"
    _end(engine, tally(odd, "a:b c", "done"))
    assert engine.counts([engine.current_minute()]) == [{f"{odd}\na:b c\n=done": 1}]


def test_events_of_completions_and_others_come_in_one_order(engine: Engine) -> None:
    engine.append_events(["1", "2"])
    engine.enqueue([message("t1")])
    claim = claim_one(engine)
    engine.commit("w1", [Completion(claim, outcome("t1")._replace(events=("3", "4")))])
    engine.append_events(["5"])
    engine.append_events([])
    assert _texts(engine) == ["1", "2", "3", "4", "5"]


def test_a_reader_goes_on_from_an_event(engine: Engine) -> None:
    engine.append_events(["1", "2", "3"])
    with engine.read_events(FROM_BEGINNING) as events:
        first, second, third = events.read(0)
        assert events.read(0) == []
        engine.append_events(["4"])
        assert [event.text for event in events.read(5)] == [b"4"]
    assert _texts(engine, second.id) == ["3", "4"]
    assert _texts(engine, third.id) == ["4"]
    assert first.text == b"1"


def test_without_an_id_what_comes_from_now_on_is_read(engine: Engine) -> None:
    engine.append_events(["before"])
    with engine.read_events() as events:
        assert events.read(0) == []
        speaker = threading.Timer(0.05, engine.append_events, [["after"]])
        speaker.start()
        assert [event.text for event in events.read(20)] == [b"after"]
        speaker.join()


def test_the_stream_keeps_only_the_latest(engine: Engine) -> None:
    for start in range(0, 1000, 100):
        engine.append_events([str(number) for number in range(start, start + 100)])
    texts: list[str] = []
    with engine.read_events(FROM_BEGINNING) as events:
        while found := events.read(0):
            texts += [event.text.decode() for event in found]
    assert texts[-50:] == [str(number) for number in range(950, 1000)]
    # Redis cuts its stream by nodes of a hundred.
    assert len(texts) < 300


def test_a_claim_knows_how_long_its_message_was_ready(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("low", priority=0), message("late", delay=5000)])
    clock.advance(2000)
    engine.enqueue([message("high", priority=9)])
    clock.advance(500)
    waits = {claim.task_id: claim.waited for claim in claim_all(engine)}
    assert waits == {"low": 2.5, "high": 0.5}
    clock.advance(3500)
    assert claim_one(engine).waited == 0
    engine.requeue("w1", ["low"])
    clock.advance(1000)
    assert claim_one(engine, "w2").waited == 7


def test_many_messages_of_one_moment_keep_their_order(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(f"t{number:04}") for number in range(1200)])
    clock.advance(1)
    engine.enqueue([message("after")])
    claims = engine.claim("w1", ["default"], 2000).claims
    assert [claim.task_id for claim in claims] == [*(f"t{n:04}" for n in range(1200)), "after"]
    assert claims[0].waited == 0.001


def test_what_never_was_ready_has_not_waited(engine: Engine) -> None:
    engine.enqueue([message("t1", delay=5000)])
    (claim,) = engine.revoke("revoker", ["t1"], 1000)
    assert claim.waited is None
