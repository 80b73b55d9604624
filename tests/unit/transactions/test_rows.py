"""Rows of an outbox: what is written is read back, and what cannot be read says why."""

from __future__ import annotations

import json

import pytest

from taskhub.app.app import Celery
from taskhub.config.urls import mask_url
from taskhub.exceptions import DecodeError, ImproperlyConfigured
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan
from taskhub.transactions.row import COLUMNS, Calls, decode_calls, encode_calls, make_row
from taskhub.transactions.table import read_name

NOW = 1_700_000_000_000


def envelope(task_id: str = "a", **fields: object) -> Envelope:
    return Envelope(task_id, "q", 5, '{"a": "ü\\u0000"}'.encode())._replace(**fields)


def test_calls_are_read_back_as_they_were_written() -> None:
    calls = Calls(
        messages=[envelope(chains=("l",)), envelope("b", eta=NOW + 5)],
        chords=[ChordPlan("c", 2, (envelope("body", delay=7),))],
        chains=[ChainPlan("l", ("x", "y"))],
        events=['{"type": "task-sent"}'],
    )

    text = encode_calls(calls, NOW)

    assert text.isascii()
    assert "\0" not in text
    assert decode_calls(text) == calls


def test_a_delay_counts_from_the_call() -> None:
    calls = Calls(messages=[envelope(delay=1500)])

    (read,) = decode_calls(encode_calls(calls, NOW)).messages

    assert (read.delay, read.eta) == (0, NOW + 1500)


def test_a_row_names_its_first_task() -> None:
    row = make_row("ns", "t" * 300, Calls(messages=[envelope("i" * 300), envelope("b")]))

    assert tuple(row.values()) == COLUMNS
    assert (row.task, row.task_id, row.messages) == ("t" * 255, "i" * 255, 2)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", "is no call"),
        ("[]", "is no call"),
        ('{"format": 1}', "is no call: KeyError"),
        (json.dumps({"format": 2, "messages": []}), "unknown format 2"),
        (json.dumps({"format": 1, "messages": [["i", "q", 5, 7, 0, None, []]]}), "AttributeError"),
        (json.dumps({"format": 1, "messages": [[1]], "chords": [], "chains": []}), "is no call"),
    ],
)
def test_what_cannot_be_read_says_why(payload: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode_calls(payload)


def test_a_table_may_be_in_a_schema() -> None:
    assert read_name("taskhub_outbox") == (None, "taskhub_outbox")
    assert read_name("jobs.outbox") == ("jobs", "outbox")
    assert read_name("jobs.outbox").quoted() == '"jobs"."outbox"'


def test_a_url_without_a_scheme_shows_no_password() -> None:
    with pytest.raises(ImproperlyConfigured, match="outbox_url") as raised:
        Celery("t", set_as_current=False, outbox_url="user:secret@host/db").conf.outbox_url  # noqa: B018
    assert "secret" not in str(raised.value)
    assert "passwd=**" in mask_url("mysql://host/db?passwd=hidden")
