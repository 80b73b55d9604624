"""Periodic jobs: one leads, a fire time is dealt with once, stored entries change under everybody's eyes."""

from __future__ import annotations

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.schedule_store import (
    AHEAD,
    MAX_QUEUED,
    Fire,
    FireResult,
    Overlap,
)
from tests.contract.stage import (
    LEASE,
    Clock,
    claim_all,
    claim_one,
    completion,
    ids,
    is_empty,
    is_notified,
    message,
)


def lead(engine: Engine, holder: str = "s1", token: int = 0) -> int:
    return engine.schedule_store("app").lead(holder, token, LEASE).token


def fire(
    engine: Engine, token: int, at: int | None, task_id: str, overlap: Overlap = "allow"
) -> FireResult:
    job = Fire("job", at, task_id, (message(task_id),), overlap)
    return engine.schedule_store("app").fire(token, job)


def audited(action: str) -> AuditEntry:
    return AuditEntry("somebody", action, "a")


AUDIT = audited("changed")


# -- leading


def test_one_leads_until_its_lease_runs_out(engine: Engine, clock: Clock) -> None:
    assert engine.schedule_store("app").leader() is None
    first = engine.schedule_store("app").lead("s1", 0, LEASE)
    assert (first.token > 0, first.holder, first.now) == (True, "s1", clock.now)

    assert engine.schedule_store("app").lead("s2", 0, LEASE)[:2] == (0, "s1")
    assert engine.schedule_store("app").leader() == ("s1", LEASE)
    clock.advance(LEASE - 1)
    assert lead(engine, "s1", first.token) == first.token, "renewed"
    clock.advance(LEASE - 1)
    assert lead(engine, "s2") == 0
    clock.advance(1)
    second = lead(engine, "s2")

    assert second > first.token
    assert lead(engine, "s1", first.token) == 0
    assert engine.schedule_store("app").leader() == ("s2", LEASE)


def test_a_late_leader_goes_on_if_nobody_has_taken_its_place(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    clock.advance(3 * LEASE)

    assert engine.schedule_store("app").leader() is None
    assert lead(engine, "s1", token) == token


def test_who_resigns_wakes_one_who_stands_by(engine: Engine) -> None:
    token = lead(engine)
    assert lead(engine, "s2") == 0
    assert engine.schedule_store("app").resign(token)

    assert is_notified(engine, engine.schedule_store("app").standby_topic)
    assert engine.schedule_store("app").leader() is None
    second = lead(engine, "s2")
    assert second > token
    assert not engine.schedule_store("app").resign(token)
    assert engine.schedule_store("app").leader() == ("s2", LEASE)


def test_who_has_resigned_leads_with_a_new_token(engine: Engine) -> None:
    token = lead(engine)
    engine.schedule_store("app").resign(token)

    assert lead(engine, "s1", token) > token


def test_a_lease_from_before_the_clock_was_put_back_is_over(engine: Engine, clock: Clock) -> None:
    lead(engine)
    clock.advance(-3_600_000)

    assert lead(engine, "s2") > 0


# -- fire times


def test_a_fire_is_sent_once_whoever_asks(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    assert fire(engine, token, 1000, "a") == "sent"
    assert fire(engine, token, 1000, "a") == "duplicate"
    assert fire(engine, token, 999, "b") == "duplicate"
    clock.advance(LEASE)
    second = lead(engine, "s2")
    assert fire(engine, second, 1000, "a") == "duplicate"
    assert fire(engine, second, 2000, "c") == "sent"

    assert is_notified(engine)
    assert ids(claim_all(engine)) == ["a", "c"]


def test_who_does_not_lead_sends_nothing(engine: Engine, clock: Clock) -> None:
    assert fire(engine, 0, 1000, "a") == "fenced"
    token = lead(engine)
    clock.advance(LEASE)
    assert fire(engine, token, 1000, "a") == "fenced", "its lease has run out"
    second = lead(engine, "s2")
    assert fire(engine, token, 1000, "a") == "fenced"
    engine.schedule_store("app").resign(second)
    assert fire(engine, second, 1000, "a") == "fenced"

    assert is_empty(engine)
    assert engine.schedule_store("app").last_runs() == {}


def test_a_fire_without_messages_is_dealt_with(engine: Engine) -> None:
    token = lead(engine)

    assert engine.schedule_store("app").fire(token, Fire("job", 5000)) == "recorded"
    assert fire(engine, token, 5000, "a") == "duplicate"
    assert fire(engine, token, 5001, "b") == "sent"
    assert ids(claim_all(engine)) == ["b"]


def test_the_last_run_is_known(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    fire(engine, token, 1000, "a")
    fire(engine, token, 2000, "b")
    engine.schedule_store("app").fire(token, Fire("other job", 7000))

    assert engine.schedule_store("app").last_runs() == {
        "job": (2000, "b", clock.now, 2, 0, True, 0),
        "other job": (7000, "", 0, 0, 0, False, 0),
    }
    for claim in claim_all(engine):
        engine.commit("w1", [completion(claim)])
    assert not engine.schedule_store("app").last_runs()["job"].unfinished


def test_out_of_turn_needs_no_leader_and_moves_no_fire(engine: Engine, clock: Clock) -> None:
    assert fire(engine, 0, None, "now") == "sent"
    assert engine.schedule_store("app").last_runs()["job"][:4] == (clock.now, "now", clock.now, 1)
    token = lead(engine)
    assert fire(engine, token, clock.now + 1000, "a") == "sent"
    assert fire(engine, 0, None, "again") == "sent"

    assert engine.schedule_store("app").last_runs()["job"][:2] == (clock.now + 1000, "again")
    assert ids(claim_all(engine)) == ["now", "a", "again"]


def test_entries_do_not_get_in_each_others_way(engine: Engine) -> None:
    token = lead(engine)
    for name in ("one", "two", "with spaces\nand lines"):
        job = Fire(name, 1000, name.split()[0], (message(name.split()[0]),))
        assert engine.schedule_store("app").fire(token, job) == "sent"

    assert sorted(engine.schedule_store("app").last_runs()) == [
        "one",
        "two",
        "with spaces\nand lines",
    ]


def test_apps_do_not_get_in_each_others_way(engine: Engine) -> None:
    here, there = engine.schedule_store("app"), engine.schedule_store("app\nother")
    tokens = here.lead("s1", 0, LEASE).token, there.lead("s2", 0, LEASE).token
    assert all(tokens), "each has a leader"
    assert there.leader() == ("s2", LEASE)
    fates = [
        schedule_store.fire(token, Fire("job", 1000, task_id, (message(task_id),), "queue"))
        for schedule_store, token, task_id in ((here, tokens[0], "a"), (there, tokens[1], "b"))
    ]
    assert fates == ["sent", "sent"]
    assert there.change("job", None, b"1", audited("note"))
    assert here.entries() == (0, {})
    assert is_notified(engine, there.leader_topic)
    assert not is_notified(engine, here.leader_topic)
    assert here.resign(tokens[0])
    assert not is_notified(engine, there.standby_topic)
    assert there.leader() is not None


# -- overlapping runs


def test_overlapping_runs_may_be_allowed(engine: Engine) -> None:
    token = lead(engine)

    assert [fire(engine, token, at, str(at)) for at in (1, 2, 3)] == ["sent"] * 3


def test_a_fire_is_skipped_while_the_run_before_waits_or_runs(engine: Engine) -> None:
    token = lead(engine)
    assert fire(engine, token, 1, "a", "skip") == "sent"
    assert fire(engine, token, 2, "b", "skip") == "skipped", "it waits"
    claim = claim_one(engine)
    assert fire(engine, token, 3, "c", "skip") == "skipped", "it runs"
    assert fire(engine, token, 3, "c", "skip") == "duplicate"
    engine.commit("w1", [completion(claim)])

    assert fire(engine, token, 4, "d", "skip") == "sent"
    assert engine.schedule_store("app").last_runs()["job"].skipped == 2
    assert ids(claim_all(engine)) == ["d"]


def test_a_run_that_is_tried_again_still_runs(engine: Engine) -> None:
    token = lead(engine)
    fire(engine, token, 1, "a", "skip")
    retry = message("a", delay=5000)
    engine.commit("w1", [completion(claim_one(engine), "RETRY", publish=[retry])])

    assert fire(engine, token, 2, "b", "skip") == "skipped"


def test_fires_queue_behind_the_run_before_in_order(engine: Engine) -> None:
    token = lead(engine)
    fates = [fire(engine, token, at, str(at), "queue") for at in (1, 2, 3)]
    assert fates == ["sent", "queued", "queued"]
    assert engine.schedule_store("app").last_runs()["job"].queued == 2
    assert fire(engine, token, 3, "3", "queue") == "duplicate"

    ran = []
    for _ in range(3):
        assert lead(engine, "s1", token) == token
        claims = claim_all(engine)
        ran += ids(claims)
        assert lead(engine, "s1", token) == token
        assert claim_all(engine) == [], "one at a time"
        engine.commit("w1", [completion(claim) for claim in claims])

    assert ran == ["1", "2", "3"]
    assert engine.schedule_store("app").last_runs()["job"][3:] == (3, 0, False, 0)
    lead(engine, "s1", token)
    assert is_empty(engine)


def test_what_waits_behind_survives_the_leader(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    fire(engine, token, 1, "a", "queue")
    fire(engine, token, 2, "b", "queue")
    engine.commit("w1", [completion(claim_one(engine))])
    clock.advance(LEASE)
    assert lead(engine, "s2") > token

    assert is_notified(engine)
    assert ids(claim_all(engine)) == ["b"]


def test_no_more_wait_behind_than_may(engine: Engine) -> None:
    token = lead(engine)
    fire(engine, token, 1, "a", "queue")
    for at in range(2, MAX_QUEUED + 2):
        assert fire(engine, token, at, str(at), "queue") == "queued"

    assert fire(engine, token, MAX_QUEUED + 2, "z", "queue") == "skipped"
    assert engine.schedule_store("app").last_runs()["job"][4:] == (1, True, MAX_QUEUED)


def test_a_fire_that_need_not_wait_any_more_goes_behind_those_that_do(engine: Engine) -> None:
    token = lead(engine)
    fire(engine, token, 1, "a", "queue")
    fire(engine, token, 2, "b", "queue")
    engine.commit("w1", [completion(claim_one(engine))])

    assert fire(engine, token, 3, "c", "queue") == "queued"
    lead(engine, "s1", token)
    assert ids(claim_all(engine)) == ["b"]


# -- stored entries


def test_stored_entries_change_only_from_what_was_seen(engine: Engine) -> None:
    schedule_store = engine.schedule_store("app")
    assert schedule_store.entries() == (0, {})
    assert schedule_store.change("a", None, b"1", audited("added"))
    assert not schedule_store.change("a", None, b"2", AUDIT)
    assert schedule_store.change("a", b"1", b"\xff2", audited("changed"))
    assert schedule_store.change("b", None, b"3", audited("added b"))

    version, documents = schedule_store.entries()
    assert documents == {"a": b"\xff2", "b": b"3"}
    assert version == 3
    assert schedule_store.lead("s1", 0, LEASE).version == 3
    assert schedule_store.lead("s2", 0, LEASE).version == 3
    entries = engine.audit_log.entries(0, 10)
    assert [entry.action for entry in entries] == ["added b", "changed", "added"]


def test_a_change_wakes_the_leader(engine: Engine) -> None:
    engine.schedule_store("app").change("a", None, b"1", AUDIT)
    assert is_notified(engine, engine.schedule_store("app").leader_topic)
    engine.schedule_store("app").change("a", None, b"2", AUDIT)
    assert not is_notified(engine, engine.schedule_store("app").leader_topic)


def test_a_removed_entry_begins_anew(engine: Engine) -> None:
    token = lead(engine)
    engine.schedule_store("app").change("job", None, b"1", AUDIT)
    fire(engine, token, 1, "a", "queue")
    fire(engine, token, 2, "b", "queue")
    assert engine.schedule_store("app").change("job", b"1", None, AUDIT, fires="forget")

    assert engine.schedule_store("app").entries().documents == {}
    assert engine.schedule_store("app").last_runs() == {}
    lead(engine, "s1", token)
    assert ids(claim_all(engine)) == ["a"]


def test_fires_up_to_now_may_be_declared_dealt_with(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    fire(engine, token, clock.now - 5000, "a")
    engine.schedule_store("app").change("job", None, b"1", AUDIT, fires="restart")
    engine.schedule_store("app").change("unknown", None, b"1", AUDIT, fires="restart")

    assert fire(engine, token, clock.now, "b") == "duplicate"
    assert fire(engine, token, clock.now + 1, "c") == "sent"
    engine.schedule_store("app").change("job", b"1", b"2", AUDIT, fires="restart")
    assert engine.schedule_store("app").last_runs()["job"][:2] == (clock.now + 1, "c")
    assert "unknown" not in engine.schedule_store("app").last_runs()


def test_fires_may_begin_anew_when_the_clock_was_put_back(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    before = clock.now
    assert fire(engine, token, before, "a") == "sent"
    clock.advance(-3_600_000)
    token = lead(engine, "s1", token)

    assert fire(engine, token, before, "a") == "duplicate", "the same fire time as ever"
    assert fire(engine, token, before - 1000, "b") == "duplicate", "this one is not past"
    assert fire(engine, token, clock.now, "c") == "sent"
    assert fire(engine, token, clock.now, "c") == "duplicate"
    assert engine.schedule_store("app").last_runs()["job"].fire == clock.now


def test_fires_a_little_ahead_of_the_clock_do_not_begin_anew(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    assert fire(engine, token, clock.now + AHEAD, "a") == "sent"

    assert fire(engine, token, clock.now, "b") == "duplicate"
