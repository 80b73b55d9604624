"""Entries from three places: which wins, and what was changed at run time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from taskhub.app.app import Celery
from taskhub.schedules.entry_merge import Merged, Stored, merge, overlay
from taskhub.schedules.schedule_format import describe_schedule

NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)
BROUGHT = {"a": {"task": "add", "schedule": 60, "args": [1], "overlap": "skip"}}


def stored(removed: bool = False, **fields: Any) -> bytes:
    return Stored(fields=fields, removed=removed, by="ann", at=NOW).to_json()


def merged(
    app: Celery,
    configured: dict[str, Any] | None = None,
    found: dict[str, bytes] | None = None,
    application: dict[str, Any] | None = None,
) -> Merged:
    return merge(
        BROUGHT if application is None else application, configured or {}, found or {}, app
    )


def test_each_place_names_its_entries(app: Celery) -> None:
    found = merged(
        app,
        {"b": {"task": "add", "schedule": 5}},
        {"c": stored(task="add", schedule={"every": 7})},
    )

    assert [(entry.name, entry.origin) for entry in found.entries.values()] == [
        ("a", "application"),
        ("b", "configuration"),
        ("c", "store"),
    ]
    assert found.problems == {}
    assert found.entries["c"].changed_by == "ann"
    assert found.entries["c"].changed_at == NOW


def test_beat_schedule_replaces_what_the_application_brings(app: Celery) -> None:
    found = merged(app, {"a": {"task": "add", "schedule": 5}}).entries["a"]

    assert (found.origin, found.args, found.overlap) == ("configuration", (), "allow")


def test_what_was_changed_at_run_time_wins_field_by_field(app: Celery) -> None:
    found = merged(app, None, {"a": stored(schedule="0 7 * * *", enabled=False)}).entries["a"]

    assert describe_schedule(found.schedule) == "0 7 * * *"
    assert (found.args, found.overlap, found.enabled) == ((1,), "skip", False)
    assert (found.origin, found.changed) == ("application", ("enabled", "schedule"))
    configured = {"a": {"task": "add", "schedule": 5, "args": [9]}}
    assert merged(app, configured, {"a": stored(enabled=False)}).entries["a"].args == (9,)


def test_what_was_removed_is_left_out_until_it_is_reset(app: Celery) -> None:
    found = merged(app, None, {"a": stored(removed=True)})

    assert (found.entries, found.removed) == ({}, ("a",))


def test_what_cannot_be_is_told_of_and_the_others_go_on(app: Celery) -> None:
    found = merged(
        app,
        {"b": {"task": "add", "schedule": -1}, "c": 5, "d": {"task": "add", "schedule": 5}},
        {"e": b"no json", "f": b"[1]", "g": stored(schedule="99 * * * *")},
    )

    assert sorted(found.entries) == ["a", "d"]
    assert sorted(found.problems) == ["b", "c", "e", "f", "g"]
    assert "interval -1 s" in found.problems["b"]
    assert "cannot be read from the store" in found.problems["e"]
    assert "taskhub schedule remove g" in found.problems["g"]
    assert not any("\n" in line for line in found.problems.values())


def test_a_stored_entry_whose_configuration_is_gone_says_so(app: Celery) -> None:
    found = merged(app, None, {"z": stored(enabled=False)})

    assert "entry 'z' is not in the configuration any more" in found.problems["z"]


def test_a_setting_changes_single_fields_of_what_the_application_brings() -> None:
    changes = {"a": {"schedule": 5}, "b": {"task": "t", "schedule": 1}, "c": 7}
    assert overlay(BROUGHT, changes) == {
        "a": {"task": "add", "schedule": 5, "args": [1], "overlap": "skip"},
        "b": {"task": "t", "schedule": 1},
        "c": 7,
    }
    assert overlay(BROUGHT, {"a": None}) == {}
    assert overlay(BROUGHT, None) == BROUGHT


def test_stored_entries_are_read_back(app: Celery) -> None:
    entry = Stored(fields={"args": [1, {"x": NOW}]}, by="ann", at=NOW)

    assert Stored.from_json(entry.to_json()) == entry
