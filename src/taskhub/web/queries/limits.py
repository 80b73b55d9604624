"""The page of limits: rates of tasks, and who waits because of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from taskhub.rates import per_second, rate_text
from taskhub.web.queries.times import iso, iso_now

if TYPE_CHECKING:
    from taskhub.engine.port.rate_limiter import BucketState
    from taskhub.web.queries.store_view import StoreView

__all__ = ("get_limits", "rate_limits")


def get_limits(store: StoreView) -> dict[str, Any]:
    """Return what holds tasks back."""
    return {"at": iso_now(), "rates": rate_limits(store)}


def rate_limits(store: StoreView) -> list[dict[str, Any]]:
    """Return the declared or changed rate limits, and how many messages wait for each, by task."""
    declared = {
        name: task.rate_limit
        for name, task in store.app.tasks.items()
        if getattr(task, "rate_limit", None)
    }
    waiting, changed = store.rate_limits()
    names = sorted({*declared, *waiting, *changed})
    buckets = store.engine.rate_limiter.bucket_states(names)
    return [
        _describe(name, declared.get(name), changed, waiting.get(name, 0), bucket)
        for name, bucket in zip(names, buckets, strict=True)
    ]


def _describe(
    task: str,
    declared: Any,
    changed: dict[str, Any],
    waiting: int,
    bucket: BucketState | None,
) -> dict[str, Any]:
    rate = changed.get(task, declared)
    if rate is None and bucket is not None and task not in changed:
        # A task of another app on this store: its workers know what it declares.
        rate = declared = rate_text(bucket.rate.interval)
    try:
        speed = per_second(rate)
    except ValueError:
        speed = 0.0
    return {
        "task": task,
        "rate": None if not rate else str(rate),
        "per_second": round(speed, 6) if rate and speed else None,
        "declared": None if not declared else str(declared),
        "changed": task in changed,
        "waiting": waiting,
        "next_at": None if bucket is None or not waiting else iso(bucket.next_permit / 1000),
        "tokens": None if bucket is None else bucket.tokens,
    }


def read_changes(remembered: dict[str, str]) -> dict[str, Any]:
    """Return the rates that were changed while workers run, by task."""
    found: dict[str, Any] = {}
    for task, text in remembered.items():
        try:
            change = json.loads(text).get("rate_limit")
        except (ValueError, AttributeError):
            continue
        if isinstance(change, dict) and "value" in change:
            found[task] = change["value"]
    return found
