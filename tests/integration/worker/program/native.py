"""Native actors."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import dramatiq

from tests.integration.worker.program.application import note, notes


@dramatiq.actor(
    queue_name="default", actor_name="leave_natively", max_retries=0, store_results=True
)
async def leave_natively() -> None:
    raise SystemExit(3)


@dramatiq.actor(store_results=True)
def native_add(x: int, y: int) -> int:
    return x + y


@dramatiq.actor
def native_mark(journal: str, *words: Any) -> None:
    note(journal, *words)


@dramatiq.actor(max_retries=2, min_backoff=10, max_backoff=50, store_results=True)
def native_flaky(journal: str, failures: int) -> str:
    note(journal, "try")
    if notes(journal) <= failures:
        raise ValueError("not yet")
    return "at last"


@dramatiq.actor(throws=(KeyError,), max_retries=5, store_results=True)
def native_throws(journal: str) -> None:
    note(journal, "try")
    raise KeyError("expected")


@dramatiq.actor
def native_seen(data: Any, result: Any) -> None:
    note(data["kwargs"]["journal"], "callback", data["message_id"], result)


@dramatiq.actor(max_retries=0, store_results=True)
def native_ends(journal: str, fails: bool) -> str:
    if fails:
        raise ValueError("broken")
    return "fine"


@dramatiq.actor(store_results=True)
async def native_async(x: int) -> int:
    await asyncio.sleep(0.01)
    return 2 * x


@dramatiq.actor(time_limit=300, max_retries=0, store_results=True)
def native_slow() -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.01)


@dramatiq.actor(max_age=1, store_results=True)
def native_aged() -> None:
    """Is always too old when it arrives late."""


@dramatiq.actor(store_results=True)
def native_skippable(**words: Any) -> str:
    return "not skipped"
