"""The filter language: what is understood, what matches, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.web.conditions import KEYS, STATES, Condition
from taskhub.web.filter_parser import FilterError, parse_filter

NOW = datetime(2026, 11, 30, 14, 32, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Task:
    id: str
    task: str
    queue: str | None
    state: str
    worker: str | None
    priority: int | None
    at: float | None
    error: str | None
    message: str | None
    named: Mapping[str, Any] | None
    arguments: str
    stamps: Mapping[str, Any]
    canvas: str
    group: str | None = None


TASK = Task(
    id="7c1e52a4-0b8d-4f6e-9a37-5d20c4b8e913",
    task="shop.orders.send_invoice",
    queue="mail.bulk",
    state="failed",
    worker="mail@prod-a-1",
    priority=5,
    at=NOW.timestamp() - 3600,
    error="TimeoutError",
    message="Read timed out. (read timeout=30)",
    named={
        "user": 17,
        "order": {"id": "A-1", "lines": [1, 2]},
        "note": None,
        "0": 17,
        "dry": False,
    },
    arguments="user=17, order={'id': 'A-1'}",
    stamps={"tenant": "acme", "tags": ["red", "blue"]},
    canvas="41d09b6e-0000-4000-8000-000000000000",
    group="9a1b",
)


def matches(text: str, subject: Task = TASK, **options: Any) -> bool:
    return parse_filter(text, now=NOW, **options).matches(subject)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "task:shop.orders.send_invoice",
        "task:send_invoice",
        "task:shop.*",
        "task:*.send_*",
        "queue:mail.bulk",
        "queue:mail.*",
        "queue:other queue:mail.bulk",
        "state:failed",
        "state:running state:failed",
        "error:TimeoutError",
        "error:timeout",
        'error:"timed out"',
        "args.user:17",
        "args.0:17",
        "args.order.id:A-1",
        "args.order.lines.1:2",
        "args.note:none",
        "args.note:null",
        "args.dry:false",
        "args.user:1*",
        "stamp:tenant",
        "stamp:tenant=acme",
        "stamp:tags=blue",
        "worker:mail@prod-a-1",
        "worker:mail@*",
        "id:7c1e52a4",
        "root:41d09b6e",
        "priority:5",
        "group:9a1b",
        "since:2h",
        "since:1h30m",
        "until:30m",
        "since:13:00",
        "since:2026-11-30",
        "since:2026-11-30T13:00",
        "invoice",
        "A-1",
        "-queue:other",
        "-task:shop.x -state:running",
        "task:shop.* queue:mail.* error:Timeout args.user:17 stamp:tenant since:2h",
    ],
)
def test_conditions_match(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "task:shop",
        "task:orders.send_invoice",
        "queue:mail",
        "state:running",
        "-state:failed",
        "error:Value",
        "args.user:1",
        "args.nobody:17",
        "args.order.id.more:A",
        "args.note:false",
        "stamp:other",
        "stamp:tenant=other",
        "worker:prod",
        "id:0b8d",
        "priority:9",
        "since:30m",
        "until:2h",
        "since:14:00",
        "-queue:mail.*",
        "-invoice",
        "task:shop.* queue:other",
    ],
)
def test_conditions_do_not_match(text: str) -> None:
    assert not matches(text)


def test_a_dead_task_is_a_failed_one_and_not_the_other_way_round() -> None:
    dead = replace(TASK, state="dead")
    assert matches("state:failed", dead)
    assert matches("state:dead", dead)
    assert not matches("state:dead")
    assert not matches("-state:failed", dead)


def test_a_time_of_day_that_is_to_come_was_yesterdays() -> None:
    assert (
        parse_filter("since:15:00", now=NOW).since
        == (NOW - timedelta(hours=23, minutes=32)).timestamp()
    )


def test_times_are_of_the_given_zone() -> None:
    east = timezone(timedelta(hours=8))
    found = parse_filter("since:2026-11-30", now=NOW, zone=east)
    assert found.since == datetime(2026, 11, 29, 16, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stat:failed", "did you mean state:?"),
        ("colour:red", "there are task, queue"),
        ("state:done", "there is no state 'done'"),
        ("state:runing", "did you mean running?"),
        ("task:", "a value is missing: name or pattern"),
        ("args:17", "name the argument: args.user:17"),
        ("priority:10", "0 to 9"),
        ("since:soon", "write an age (45m, 2h, 3d)"),
        ("since:25:99", "is no time"),
        ("-since:2h", "write until:2h instead"),
        ('task:"a', "a quotation mark is not closed"),
        ("x" * 2001, "longer than 2,000 characters"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, now=NOW)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_address_is_text_and_not_a_key() -> None:
    found = parse_filter("https://shop.example/x")
    assert [condition.key for condition in found.conditions] == [""]


def test_who_may_not_see_arguments_cannot_look_for_them() -> None:
    with pytest.raises(FilterError, match="hidden from your role"):
        parse_filter("args.user:17", hidden=True)
    assert not matches("A-1", hidden=True)
    assert not matches('error:"timed out"', hidden=True)
    assert matches("error:Timeout", hidden=True)


def test_an_excerpt_is_looked_at_where_arguments_are_not_known() -> None:
    only = replace(TASK, named=None, arguments="market='SSE', page=2, codes=['1', +9]")
    assert matches("args.page:2", only)
    assert matches("args.market:SSE", only)
    assert not matches("args.page:22", only)
    assert not matches("args.arket:SSE", only)


def test_a_filter_is_taken_apart_and_put_together() -> None:
    found = parse_filter('queue:a -task:"b c" since:2h x', now=NOW)
    assert found.text == 'queue:a -task:"b c" since:2h x'
    assert found.without("since").text == 'queue:a -task:"b c" x'
    assert found.without("since").since is None
    assert found.exact("queue") == ["a"]
    assert parse_filter("queue:a*").exact("queue") is None


_TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


@given(
    st.lists(
        st.builds(
            Condition,
            key=st.sampled_from(["task", "queue", "error", "stamp", "worker", "id", "root", ""]),
            value=_TEXTS,
            negated=st.booleans(),
        ),
        max_size=4,
    )
)
def test_every_filter_can_be_written_and_read(conditions: list[Condition]) -> None:
    written = " ".join(condition.text for condition in conditions)
    read = parse_filter(written)
    assert [each.text for each in read.conditions] == [each.text for each in conditions]
    assert [(each.key, each.value, each.negated) for each in read.conditions] == [
        (each.key, each.value, each.negated) for each in conditions
    ]


@given(st.text(max_size=200))
def test_every_text_is_understood_or_refused_in_one_line(text: str) -> None:
    try:
        found = parse_filter(text, now=NOW)
    except FilterError:
        pass
    else:
        assert parse_filter(found.text, now=NOW).text == found.text


def test_every_state_and_key_has_its_words() -> None:
    assert set(STATES) >= {
        "waiting",
        "delayed",
        "running",
        "retrying",
        "failed",
        "succeeded",
        "revoked",
    }
    assert all(KEYS.values())
