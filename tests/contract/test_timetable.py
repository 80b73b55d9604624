"""Periodic jobs: one leads, a tick is dealt with once, stored entries change under everybody's eyes."""

from __future__ import annotations

from taskhub.engine.port import Engine
from taskhub.engine.timetable import (
    AHEAD,
    MOST_BEHIND,
    NOTES,
    Overlap,
    Tick,
    TickFate,
)
from tests.contract.stage import (
    LEASE,
    Clock,
    claim_all,
    claim_one,
    ending,
    ids,
    is_empty,
    message,
    rings,
)


def lead(engine: Engine, holder: str = "s1", token: int = 0) -> int:
    return engine.timetable("app").lead(holder, token, LEASE).token


def tick(
    engine: Engine, token: int, at: int | None, task_id: str, overlap: Overlap = "allow"
) -> TickFate:
    job = Tick("job", at, task_id, (message(task_id),), overlap)
    return engine.timetable("app").tick(token, job)


# -- leading


def test_one_leads_until_its_lease_runs_out(engine: Engine, clock: Clock) -> None:
    assert engine.timetable("app").leader() is None
    first = engine.timetable("app").lead("s1", 0, LEASE)
    assert (first.token > 0, first.holder, first.now) == (True, "s1", clock.now)

    assert engine.timetable("app").lead("s2", 0, LEASE)[:2] == (0, "s1")
    assert engine.timetable("app").leader() == ("s1", LEASE)
    clock.advance(LEASE - 1)
    assert lead(engine, "s1", first.token) == first.token, "renewed"
    clock.advance(LEASE - 1)
    assert lead(engine, "s2") == 0
    clock.advance(1)
    second = lead(engine, "s2")

    assert second > first.token
    assert lead(engine, "s1", first.token) == 0
    assert engine.timetable("app").leader() == ("s2", LEASE)


def test_a_late_leader_goes_on_if_nobody_has_taken_its_place(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    clock.advance(3 * LEASE)

    assert engine.timetable("app").leader() is None
    assert lead(engine, "s1", token) == token


def test_who_resigns_wakes_one_who_stands_by(engine: Engine) -> None:
    token = lead(engine)
    assert lead(engine, "s2") == 0
    assert engine.timetable("app").resign(token)

    assert rings(engine, engine.timetable("app").standby_bell)
    assert engine.timetable("app").leader() is None
    second = lead(engine, "s2")
    assert second > token
    assert not engine.timetable("app").resign(token)
    assert engine.timetable("app").leader() == ("s2", LEASE)


def test_who_has_resigned_leads_with_a_new_token(engine: Engine) -> None:
    token = lead(engine)
    engine.timetable("app").resign(token)

    assert lead(engine, "s1", token) > token


def test_a_lease_from_before_the_clock_was_put_back_is_over(engine: Engine, clock: Clock) -> None:
    lead(engine)
    clock.advance(-3_600_000)

    assert lead(engine, "s2") > 0


# -- ticks


def test_a_tick_is_sent_once_whoever_asks(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    assert tick(engine, token, 1000, "a") == "sent"
    assert tick(engine, token, 1000, "a") == "done"
    assert tick(engine, token, 999, "b") == "done"
    clock.advance(LEASE)
    second = lead(engine, "s2")
    assert tick(engine, second, 1000, "a") == "done"
    assert tick(engine, second, 2000, "c") == "sent"

    assert rings(engine)
    assert ids(claim_all(engine)) == ["a", "c"]


def test_who_does_not_lead_sends_nothing(engine: Engine, clock: Clock) -> None:
    assert tick(engine, 0, 1000, "a") == "fenced"
    token = lead(engine)
    clock.advance(LEASE)
    assert tick(engine, token, 1000, "a") == "fenced", "its lease has run out"
    second = lead(engine, "s2")
    assert tick(engine, token, 1000, "a") == "fenced"
    engine.timetable("app").resign(second)
    assert tick(engine, second, 1000, "a") == "fenced"

    assert is_empty(engine)
    assert engine.timetable("app").last_runs() == {}


def test_a_tick_without_messages_is_dealt_with(engine: Engine) -> None:
    token = lead(engine)

    assert engine.timetable("app").tick(token, Tick("job", 5000)) == "passed"
    assert tick(engine, token, 5000, "a") == "done"
    assert tick(engine, token, 5001, "b") == "sent"
    assert ids(claim_all(engine)) == ["b"]


def test_the_last_run_is_known(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    tick(engine, token, 1000, "a")
    tick(engine, token, 2000, "b")
    engine.timetable("app").tick(token, Tick("other job", 7000))

    assert engine.timetable("app").last_runs() == {
        "job": (2000, "b", clock.now, 2, 0, True, 0),
        "other job": (7000, "", 0, 0, 0, False, 0),
    }
    for claim in claim_all(engine):
        engine.commit("w1", [ending(claim)])
    assert not engine.timetable("app").last_runs()["job"].unfinished


def test_out_of_turn_needs_no_leader_and_moves_no_tick(engine: Engine, clock: Clock) -> None:
    assert tick(engine, 0, None, "now") == "sent"
    assert engine.timetable("app").last_runs()["job"][:4] == (clock.now, "now", clock.now, 1)
    token = lead(engine)
    assert tick(engine, token, clock.now + 1000, "a") == "sent"
    assert tick(engine, 0, None, "again") == "sent"

    assert engine.timetable("app").last_runs()["job"][:2] == (clock.now + 1000, "again")
    assert ids(claim_all(engine)) == ["now", "a", "again"]


def test_entries_do_not_get_in_each_others_way(engine: Engine) -> None:
    token = lead(engine)
    for name in ("one", "two", "with spaces\nand lines"):
        job = Tick(name, 1000, name.split()[0], (message(name.split()[0]),))
        assert engine.timetable("app").tick(token, job) == "sent"

    assert sorted(engine.timetable("app").last_runs()) == ["one", "two", "with spaces\nand lines"]


def test_apps_do_not_get_in_each_others_way(engine: Engine) -> None:
    here, there = engine.timetable("app"), engine.timetable("app\nother")
    tokens = here.lead("s1", 0, LEASE).token, there.lead("s2", 0, LEASE).token
    assert all(tokens), "each has a leader"
    assert there.leader() == ("s2", LEASE)
    fates = [
        timetable.tick(token, Tick("job", 1000, task_id, (message(task_id),), "queue"))
        for timetable, token, task_id in ((here, tokens[0], "a"), (there, tokens[1], "b"))
    ]
    assert fates == ["sent", "sent"]
    assert there.change("job", None, b"1", b"note")
    assert (here.entries(), here.notes(0, 10)) == ((0, {}), [])
    assert rings(engine, there.leader_bell)
    assert not rings(engine, here.leader_bell)
    assert here.resign(tokens[0])
    assert not rings(engine, there.standby_bell)
    assert there.leader() is not None


# -- overlapping runs


def test_overlapping_runs_may_be_allowed(engine: Engine) -> None:
    token = lead(engine)

    assert [tick(engine, token, at, str(at)) for at in (1, 2, 3)] == ["sent"] * 3


def test_a_tick_is_skipped_while_the_run_before_waits_or_runs(engine: Engine) -> None:
    token = lead(engine)
    assert tick(engine, token, 1, "a", "skip") == "sent"
    assert tick(engine, token, 2, "b", "skip") == "skipped", "it waits"
    claim = claim_one(engine)
    assert tick(engine, token, 3, "c", "skip") == "skipped", "it runs"
    assert tick(engine, token, 3, "c", "skip") == "done"
    engine.commit("w1", [ending(claim)])

    assert tick(engine, token, 4, "d", "skip") == "sent"
    assert engine.timetable("app").last_runs()["job"].skipped == 2
    assert ids(claim_all(engine)) == ["d"]


def test_a_run_that_is_tried_again_still_runs(engine: Engine) -> None:
    token = lead(engine)
    tick(engine, token, 1, "a", "skip")
    retry = message("a", delay=5000)
    engine.commit("w1", [ending(claim_one(engine), "RETRY", publish=[retry])])

    assert tick(engine, token, 2, "b", "skip") == "skipped"


def test_ticks_queue_behind_the_run_before_in_order(engine: Engine) -> None:
    token = lead(engine)
    fates = [tick(engine, token, at, str(at), "queue") for at in (1, 2, 3)]
    assert fates == ["sent", "behind", "behind"]
    assert engine.timetable("app").last_runs()["job"].behind == 2
    assert tick(engine, token, 3, "3", "queue") == "done"

    ran = []
    for _ in range(3):
        assert lead(engine, "s1", token) == token
        claims = claim_all(engine)
        ran += ids(claims)
        assert lead(engine, "s1", token) == token
        assert claim_all(engine) == [], "one at a time"
        engine.commit("w1", [ending(claim) for claim in claims])

    assert ran == ["1", "2", "3"]
    assert engine.timetable("app").last_runs()["job"][3:] == (3, 0, False, 0)
    lead(engine, "s1", token)
    assert is_empty(engine)


def test_what_waits_behind_survives_the_leader(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    tick(engine, token, 1, "a", "queue")
    tick(engine, token, 2, "b", "queue")
    engine.commit("w1", [ending(claim_one(engine))])
    clock.advance(LEASE)
    assert lead(engine, "s2") > token

    assert rings(engine)
    assert ids(claim_all(engine)) == ["b"]


def test_no_more_wait_behind_than_may(engine: Engine) -> None:
    token = lead(engine)
    tick(engine, token, 1, "a", "queue")
    for at in range(2, MOST_BEHIND + 2):
        assert tick(engine, token, at, str(at), "queue") == "behind"

    assert tick(engine, token, MOST_BEHIND + 2, "z", "queue") == "skipped"
    assert engine.timetable("app").last_runs()["job"][4:] == (1, True, MOST_BEHIND)


def test_a_tick_that_need_not_wait_any_more_goes_behind_those_that_do(engine: Engine) -> None:
    token = lead(engine)
    tick(engine, token, 1, "a", "queue")
    tick(engine, token, 2, "b", "queue")
    engine.commit("w1", [ending(claim_one(engine))])

    assert tick(engine, token, 3, "c", "queue") == "behind"
    lead(engine, "s1", token)
    assert ids(claim_all(engine)) == ["b"]


# -- stored entries


def test_stored_entries_change_only_from_what_was_seen(engine: Engine) -> None:
    timetable = engine.timetable("app")
    assert timetable.entries() == (0, {})
    assert timetable.change("a", None, b"1", b"added")
    assert not timetable.change("a", None, b"2", b"added again")
    assert timetable.change("a", b"1", b"\xff2", b"changed")
    assert timetable.change("b", None, b"3", b"added b")

    version, documents = timetable.entries()
    assert documents == {"a": b"\xff2", "b": b"3"}
    assert version == 3
    assert timetable.lead("s1", 0, LEASE).version == 3
    assert timetable.lead("s2", 0, LEASE).version == 3
    assert timetable.notes(0, 10) == [b"added b", b"changed", b"added"]
    assert timetable.notes(1, 1) == [b"changed"]


def test_a_change_wakes_the_leader(engine: Engine) -> None:
    engine.timetable("app").change("a", None, b"1", b"")
    assert rings(engine, engine.timetable("app").leader_bell)
    engine.timetable("app").change("a", None, b"2", b"")
    assert not rings(engine, engine.timetable("app").leader_bell)


def test_a_removed_entry_begins_anew(engine: Engine) -> None:
    token = lead(engine)
    engine.timetable("app").change("job", None, b"1", b"")
    tick(engine, token, 1, "a", "queue")
    tick(engine, token, 2, "b", "queue")
    assert engine.timetable("app").change("job", b"1", None, b"removed", ticks="forget")

    assert engine.timetable("app").entries().documents == {}
    assert engine.timetable("app").last_runs() == {}
    lead(engine, "s1", token)
    assert ids(claim_all(engine)) == ["a"]


def test_ticks_up_to_now_may_be_declared_dealt_with(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    tick(engine, token, clock.now - 5000, "a")
    engine.timetable("app").change("job", None, b"1", b"", ticks="restart")
    engine.timetable("app").change("unknown", None, b"1", b"", ticks="restart")

    assert tick(engine, token, clock.now, "b") == "done"
    assert tick(engine, token, clock.now + 1, "c") == "sent"
    engine.timetable("app").change("job", b"1", b"2", b"", ticks="restart")
    assert engine.timetable("app").last_runs()["job"][:2] == (clock.now + 1, "c")
    assert "unknown" not in engine.timetable("app").last_runs()


def test_ticks_may_begin_anew_when_the_clock_was_put_back(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    before = clock.now
    assert tick(engine, token, before, "a") == "sent"
    clock.advance(-3_600_000)
    token = lead(engine, "s1", token)

    assert tick(engine, token, before, "a") == "done", "the same tick as ever"
    assert tick(engine, token, before - 1000, "b") == "done", "this one is not past"
    assert tick(engine, token, clock.now, "c") == "sent"
    assert tick(engine, token, clock.now, "c") == "done"
    assert engine.timetable("app").last_runs()["job"].tick == clock.now


def test_ticks_a_little_ahead_of_the_clock_do_not_begin_anew(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    assert tick(engine, token, clock.now + AHEAD, "a") == "sent"

    assert tick(engine, token, clock.now, "b") == "done"


def test_notes_are_kept_up_to_a_number(engine: Engine) -> None:
    for number in range(NOTES + 5):
        engine.timetable("app").change(f"{number}", None, b"x", b"%d" % number)

    assert len(engine.timetable("app").notes(0, 2 * NOTES)) == NOTES
    assert engine.timetable("app").notes(0, 1) == [b"%d" % (NOTES + 4)]
