"""The history of tasks that have ended, and the messages of failed ones."""

from __future__ import annotations

import pytest

from taskhub.engine.port.engine import Completion, Engine
from taskhub.engine.port.rules import EngineRules
from taskhub.outcome import HistoryPart
from tests.contract.stage import Clock, claim_all, claim_one, completion, message

REASON = '{"reason": "ValueError", "detail": "bad", "traceback": null}'
DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def rules() -> EngineRules:
    """Limits low enough to be reached."""
    return EngineRules(history_limit=5, history_ttl=DAY, failed_limit=3, dead_letter_ttl=2 * DAY)


def end(
    engine: Engine,
    *task_ids: str,
    task: str = "shop.pay",
    state: str = "SUCCESS",
    record: str = "{}",
    failed: str | None = None,
    dead: str | None = None,
) -> None:
    """Send messages and end them in one commit."""
    engine.enqueue([message(task_id) for task_id in task_ids])
    completions: list[Completion] = []
    for claim in claim_all(engine):
        part = HistoryPart(task, state, record)
        ended = completion(claim, state, dead=dead)
        outcome = ended.outcome._replace(history=part, failed=failed)
        completions.append(ended._replace(outcome=outcome))
    assert engine.commit("w1", completions) == [True] * len(task_ids)


def ids(engine: Engine, limit: int = 10, **wanted: object) -> list[str]:
    """Return the ids of a page."""
    return [entry.task_id for entry in engine.history.page(limit, **wanted)]  # type: ignore[arg-type]


def test_a_task_that_ends_is_part_of_the_history(engine: Engine, clock: Clock) -> None:
    end(engine, "a", record='{"queue":"mail","text":"one\\ntwo"}')
    (entry,) = engine.history.page(10)
    assert entry.task_id == "a"
    assert (entry.task, entry.state) == ("shop.pay", "SUCCESS")
    assert entry.ended_at == clock.now
    assert entry.record == '{"queue":"mail","text":"one\\ntwo"}'
    assert engine.history.entries(["x", "a"]) == [None, entry]
    assert engine.history.tasks() == {"shop.pay": 1}


def test_an_outcome_that_says_nothing_for_it_is_not(engine: Engine) -> None:
    engine.enqueue([message("a")])
    engine.commit("w1", [completion(claim_one(engine))])
    assert engine.history.page(10) == []
    assert engine.history.count() == 0


def test_an_outcome_that_is_refused_is_not(engine: Engine) -> None:
    engine.enqueue([message("a")])
    claim = claim_one(engine)
    engine.requeue("w1", [claim.key])
    ended = completion(claim)
    part = HistoryPart("t", "SUCCESS", "{}")
    refused = ended._replace(outcome=ended.outcome._replace(history=part, failed=REASON))
    assert engine.commit("w1", [refused]) == [False]
    assert engine.history.page(10) == []
    assert engine.history.failed_count() == 0


def test_pages_go_from_the_last_on(engine: Engine, clock: Clock) -> None:
    for task_ids in (("b", "a", "c"), ("e", "d")):
        end(engine, *task_ids)
        clock.advance(1)
    history = engine.history
    first = history.page(2)
    assert [entry.task_id for entry in first] == ["e", "d"]
    second = history.page(2, before=first[-1].cursor)
    assert [entry.task_id for entry in second] == ["c", "b"]
    assert [entry.task_id for entry in history.page(2, before=second[-1].cursor)] == ["a"]
    assert history.page(0) == []


def test_a_page_begins_behind_an_entry_that_is_gone(engine: Engine, clock: Clock) -> None:
    end(engine, "a", "b", "c")
    last = engine.history.page(2)[-1]
    engine.history.delete([last.task_id])
    assert ids(engine, before=last.cursor) == ["a"]


def test_names_and_states_are_told_apart(engine: Engine, clock: Clock) -> None:
    end(engine, "a", task="shop.pay")
    end(engine, "b", task="shop.pay", state="FAILURE")
    clock.advance(1)
    end(engine, "c", task="mail.send", state="FAILURE")
    end(engine, "d", task="mail.send", state="REVOKED")
    assert ids(engine) == ["d", "c", "b", "a"]
    assert ids(engine, tasks=["shop.pay"]) == ["b", "a"]
    assert ids(engine, states=["FAILURE"]) == ["c", "b"]
    assert ids(engine, tasks=["shop.pay", "mail.send"], states=["FAILURE", "REVOKED"]) == [
        *("d", "c", "b"),
    ]
    assert ids(engine, tasks=["other"]) == ids(engine, states=[]) == ids(engine, tasks=[]) == []
    count = engine.history.count
    assert (count(), count(tasks=["shop.pay"]), count(states=["FAILURE"])) == (4, 2, 2)
    assert count(tasks=["mail.send"], states=["FAILURE"]) == 1
    assert count(since=clock.now) == 2
    assert ids(engine, since=clock.now) == ["d", "c"]
    assert engine.history.tasks() == {"mail.send": 2, "shop.pay": 2}


def test_the_oldest_of_too_many_are_forgotten(engine: Engine, clock: Clock) -> None:
    end(engine, "a", task="old")
    clock.advance(1)
    end(engine, "b", "c", "d")
    clock.advance(1)
    end(engine, "e", "f", state="FAILURE")
    assert ids(engine) == ["f", "e", "d", "c", "b"]
    assert engine.history.entries(["a"]) == [None]
    assert engine.history.tasks() == {"shop.pay": 5}
    assert ids(engine, tasks=["old"]) == []
    end(engine, "g", "h", "i", "j", "k", "l", state="FAILURE")
    assert engine.history.count() == engine.history.count(states=["FAILURE"]) == 5
    assert ids(engine, states=["SUCCESS"]) == []


def test_what_has_expired_is_forgotten(engine: Engine, clock: Clock) -> None:
    end(engine, "a", task="old")
    clock.advance(DAY - 1)
    end(engine, "b")
    assert engine.history.count() == 2
    clock.advance(2)
    # At once for readers; in the store with the next renewal of leases.
    assert ids(engine) == ["b"]
    assert engine.history.count() == 1
    assert engine.history.entries(["a"]) == [None]
    engine.renew(["w1"], 10_000)
    assert engine.history.tasks() == {"shop.pay": 1}


def test_a_task_id_that_ends_again_is_found_once(engine: Engine, clock: Clock) -> None:
    end(engine, "a", "b", state="FAILURE")
    clock.advance(1)
    end(engine, "a", task="shop.refund", record='{"x":1}')
    assert ids(engine) == ["a", "b"]
    assert ids(engine, states=["FAILURE"]) == ids(engine, tasks=["shop.pay"]) == ["b"]
    assert ids(engine, tasks=["shop.refund"]) == ["a"]
    assert engine.history.tasks() == {"shop.pay": 1, "shop.refund": 1}


def test_entries_are_deleted(engine: Engine) -> None:
    end(engine, "a", "b", state="FAILURE", failed=REASON)
    assert engine.history.delete(["b", "x"]) == ["b"]
    assert ids(engine) == ids(engine, states=["FAILURE"]) == ["a"]
    assert engine.history.tasks() == {"shop.pay": 1}
    assert [letter.key for letter in engine.history.failed(0, 10)] == ["a"]
    assert engine.history.delete(["b"]) == []


def test_the_message_of_a_failed_task_is_kept(engine: Engine, clock: Clock) -> None:
    end(engine, "a", state="FAILURE", failed=REASON)
    (letter,) = engine.history.failed(0, 10)
    assert letter.key == "a"
    assert letter.reason == REASON
    assert letter.envelope == message("a")
    assert letter.expires == clock.now + 2 * DAY
    assert engine.history.failed_messages(["x", "a"]) == [None, letter]
    assert engine.history.failed_count() == 1
    # It is no dead letter, and is not stored as a message.
    assert engine.dead_count() == 0
    assert engine.unfinished("default") == 0


def test_a_dead_letter_is_no_failed_message(engine: Engine) -> None:
    end(engine, "a", state="FAILURE", failed=REASON, dead="{}")
    assert engine.dead_count() == 1
    assert engine.history.failed_count() == 0


def test_failed_tasks_run_again_and_leave_the_history(engine: Engine, clock: Clock) -> None:
    end(engine, "a", "b", state="FAILURE", failed=REASON)
    assert engine.history.retry_failed(["a", "x"]) == ["a"]
    assert ids(engine) == ["b"]
    assert engine.history.failed_count() == 1
    (claim,) = claim_all(engine)
    assert (claim.task_id, claim.delivery, claim.body) == ("a", 1, message("a").body)
    assert engine.history.retry_failed([]) == engine.history.retry_failed(["a"]) == []


def test_dead_letters_that_run_again_leave_the_history(engine: Engine) -> None:
    end(engine, "a", state="FAILURE", dead="{}")
    assert engine.retry_dead_letters(["a"]) == ["a"]
    assert ids(engine) == []


def test_messages_of_one_task_are_kept_under_its_id(engine: Engine) -> None:
    end(engine, "a", "a", state="FAILURE", failed=REASON)
    (letter,) = engine.history.failed(0, 10)
    assert letter.key == "a"
    assert engine.history.retry_failed(["a"]) == ["a"]
    assert ids(engine) == []


def test_dead_letters_of_one_task_leave_the_history(engine: Engine) -> None:
    end(engine, "a", "a", state="FAILURE", dead="{}")
    (other,) = (letter.key for letter in engine.dead_letters(0, 9) if letter.key != "a")
    assert ids(engine) == ["a"]
    assert engine.retry_dead_letters([other]) == [other]
    assert ids(engine) == []


def test_the_oldest_of_too_many_failed_messages_are_forgotten(engine: Engine, clock: Clock) -> None:
    for task_id in "abcde":
        end(engine, task_id, state="FAILURE", failed=REASON)
        clock.advance(1)
    assert [letter.key for letter in engine.history.failed(0, 10)] == ["c", "d", "e"]
    assert [letter.key for letter in engine.history.failed(1, 1)] == ["d"]
    assert engine.history.failed(0, 0) == []
    assert engine.history.failed_messages(["a"]) == [None]


def test_failed_messages_expire_with_dead_letters(engine: Engine, clock: Clock) -> None:
    end(engine, "a", state="FAILURE", failed=REASON)
    clock.advance(2 * DAY + 1)
    engine.renew(["w1"], 10_000)
    assert engine.history.failed_count() == 0
    assert engine.history.failed(0, 10) == []


def test_many_that_end_together_are_paged_without_a_gap(engine: Engine) -> None:
    names = [f"t{number:02}" for number in range(5)]
    end(engine, *names)
    found: list[str] = []
    before = None
    while page := engine.history.page(1, before=before):
        found += [entry.task_id for entry in page]
        before = page[-1].cursor
    assert found == names[::-1]


@pytest.mark.parametrize("rules", [EngineRules(history_limit=300, history_ttl=DAY)])
def test_single_ends_and_many_at_once_are_one_history(engine: Engine, clock: Clock) -> None:
    """An engine may bring outcomes into the history later than their commits (outcomes.lua)."""
    single = [f"s{number:02}" for number in range(30)]
    for task_id in single:
        end(engine, task_id, state="FAILURE")
        clock.advance(1)
    many = [f"m{number:02}" for number in range(60)]
    end(engine, *many)
    clock.advance(60_000)
    # One of them ends again: its last end counts.
    end(engine, single[0], record='{"again":1}')
    expected = [single[0], *reversed(many), *reversed(single[1:])]
    assert ids(engine, 100) == expected
    assert engine.history.count(states=["FAILURE"]) == 29
    assert engine.history.tasks() == {"shop.pay": 90}
    (again,) = engine.history.entries([single[0]])
    assert again is not None
    assert (again.state, again.record) == ("SUCCESS", '{"again":1}')


def test_a_deleted_entry_does_not_come_back(engine: Engine) -> None:
    end(engine, "a")
    assert engine.history.delete(["a"]) == ["a"]
    assert ids(engine) == []
    end(engine, "b", state="FAILURE", failed=REASON)
    assert engine.history.retry_failed(["b"]) == ["b"]
    assert ids(engine) == []
