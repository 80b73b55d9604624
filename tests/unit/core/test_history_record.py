"""The record that the history keeps of a task: written by a worker, read by any version."""

from __future__ import annotations

import pytest

from taskhub.history import HistoryRecord, read_history_record


def test_it_is_read_as_it_was_written() -> None:
    record = HistoryRecord(
        queue="mail",
        priority=5,
        arguments="order=17, name='é\"'",
        sent_at=1_796_000_000_000,
        started_at=1_796_000_000_020,
        waited=0.02,
        ran=1.5,
        retries=2,
        max_retries=3,
        deliveries=2,
        worker="w@host",
        error="ValueError",
        message="bad",
        root_id="r",
        parent_id="p",
        group_id="g",
    )
    assert read_history_record(record.encode()) == record


def test_what_is_unknown_takes_no_room() -> None:
    assert HistoryRecord().encode() == '{"arguments":"","retries":0,"deliveries":1}'


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"later": 1}'])
def test_what_cannot_be_read_knows_nothing(text: str) -> None:
    assert read_history_record(text) == HistoryRecord()
