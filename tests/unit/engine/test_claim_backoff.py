"""When a process holds back that claims only what others can run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from taskhub.engine.dramatiq.claim_backoff import ClaimBackoff


def pause_after(held_back: ClaimBackoff, monkeypatch: pytest.MonkeyPatch, *claim: int) -> float:
    """Return for how long a process holds back after a claim."""
    monkeypatch.setattr(
        "taskhub.engine.dramatiq.claim_backoff.time", SimpleNamespace(monotonic=lambda: 100.0)
    )
    held_back.until = 100.0
    held_back.observe(*claim)
    return round(held_back.until - 100.0, 3)


def test_while_such_messages_come_one_by_one_the_pause_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = ClaimBackoff(8)
    pauses = [pause_after(process, monkeypatch, 1, 1, 8) for _ in range(6)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    assert process.is_active


def test_while_many_wait_the_pause_is_short_and_claims_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = ClaimBackoff(2)
    assert process.bound(200) == 200
    bounds = []
    for _ in range(4):
        assert pause_after(process, monkeypatch, 2, 2, 2) == 0.05
        bounds.append(process.bound(10))
    assert bounds == [2, 4, 8, 10]


def test_what_this_process_knows_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    process = ClaimBackoff(2)
    pause_after(process, monkeypatch, 2, 2, 2)
    assert pause_after(process, monkeypatch, 2, 1, 2) == 0
    assert not process.is_active
    assert process.bound(200) == 200
    assert pause_after(process, monkeypatch, 0, 0, 2) == 0
