"""Tasks that have not ended, found by the keys of their messages, and by what these contain."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from taskhub.web.queries.budget import Budget
from taskhub.web.queries.task_record import TaskRecord

if TYPE_CHECKING:
    from taskhub.engine.port.inspection import FoundMessages, Stored
    from taskhub.web.queries.store_view import StoreView

__all__ = ("find_keys", "find_messages", "read_stored")

#: Messages read with one call.
PAGE: Final = 500
#: For how long stored messages are searched, seconds.
SEARCHING: Final = 0.06


def read_stored(store: StoreView, keys: Sequence[str]) -> dict[str, TaskRecord]:
    """Return the messages of some keys that have not ended."""
    now = time.time()
    return {
        found.key: _stored(store, found, now)
        for first in range(0, len(keys), PAGE)
        for found in store.engine.stored(keys[first : first + PAGE])
        if found is not None
    }


def _stored(store: StoreView, found: Stored, now: float) -> TaskRecord:
    if found.due is not None:
        record = store.delayed_record(found.due, found.envelope, now)
    elif found.permit is not None and found.position is None:
        record = store.rate_limited_record(found.permit, found.envelope, now)
    else:
        record = store.waiting_record(found.envelope, now)
        record = replace(record, is_claimed=found.position is None)
    return record if record.id == found.key else replace(record, key=found.key)


def find_keys(store: StoreView, beginning: str) -> list[str]:
    """Return keys of stored messages that begin so, as far as there is time to look."""
    return _find(lambda cursor: store.engine.find_keys(beginning, cursor))


def find_messages(store: StoreView, text: str) -> list[str]:
    """Return keys of stored messages that contain a text, as far as there is time to look."""
    spellings = list(dict.fromkeys((text, json.dumps(text)[1:-1])))
    return _find(lambda cursor: store.engine.find_messages(spellings, cursor))


def _find(step: Callable[[str], FoundMessages]) -> list[str]:
    budget = Budget(SEARCHING)
    found = step("")
    keys = found.keys
    while found.cursor and not budget.is_exhausted():
        found = step(found.cursor)
        keys += found.keys
    # A search may come upon the same one twice.
    return list(dict.fromkeys(keys))
