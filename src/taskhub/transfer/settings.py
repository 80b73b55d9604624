"""What is copied before messages are moved: each step changes nothing when it is repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.outbox_store import OutboxBatch
from taskhub.engine.port.schedule_store import Fire
from taskhub.transfer.errors import TransferError
from taskhub.transfer.obstacles import MOVERS

__all__ = ("BY", "copy_results", "copy_settings", "release_queued_fires")

#: Who pauses queues, and changes entries.
BY: Final = "taskhub move"
#: How long a revoked task is remembered, ms: as long as workers do by default.
REMEMBERED: Final = 3 * 60 * 60 * 1000
#: Ids that are read at once.
PAGE: Final = 1000
#: How long a scheduler or relay is kept away while its knowledge is copied, ms.
LEASE: Final = 10_000


def copy_settings(source: Engine, target: Engine) -> int:
    """Copy revocations, rate limits, locks, periodic jobs and outboxes; return how many.

    Raises:
        TransferError: A relay or a scheduler is at work.
    """
    copied = _copy_revocations(source, target) + _copy_limits(source, target)
    copied += _copy_locks(source, target)
    inventory = source.transfer.inventory()
    for name in inventory.schedules:
        copied += _copy_schedule(source, target, name)
    for outbox in inventory.outboxes:
        if not outbox.startswith(MOVERS):
            _copy_outbox(source, target, outbox)
    return copied


def copy_results(source: Engine, target: Engine) -> Iterator[int]:
    """Copy results that the target does not have; yields how many at each step."""
    for page in source.transfer.results():
        tasks = [result for result in page if result.kind == "task"]
        present = target.documents([result.id for result in tasks])
        count = 0
        for result, known in zip(tasks, present, strict=True):
            if known is None:
                target.store_state(result.id, result.document, result.ttl)
                count += 1
        for result in page:
            if result.kind == "group" and target.group(result.id) is None:
                target.store_group(result.id, result.document, result.ttl)
                count += 1
        yield count


def release_queued_fires(source: Engine, holder: str, names: Sequence[str]) -> None:
    """Send what is queued behind runs of periodic jobs that are no longer in the source."""
    for name in names:
        store = source.schedule_store(name)
        led = store.lead(f"{BY} {holder}", 0, LEASE)
        if led.token:
            store.resign(led.token)


def _copy_revocations(source: Engine, target: Engine) -> int:
    known = set(_revoked(target))
    wanted = [task_id for task_id in _revoked(source) if task_id not in known]
    for first in range(0, len(wanted), PAGE):
        claims = target.revoke(BY, wanted[first : first + PAGE], REMEMBERED)
        # Those that wait there are ended by who claims them next.
        target.requeue(BY, [claim.key for claim in claims])
    known_stamps = set(target.revoked_stamps())
    stamps = [stamp for stamp in source.revoked_stamps() if stamp not in known_stamps]
    target.revoke_stamps(stamps, REMEMBERED)
    return len(wanted) + len(stamps)


def _revoked(engine: Engine) -> Iterator[str]:
    offset = 0
    while page := engine.revoked(offset, PAGE):
        yield from page
        offset += len(page)


def _copy_limits(source: Engine, target: Engine) -> int:
    known = target.rate_limiter.stored_limits()
    limits = {
        task: limit
        for task, limit in source.rate_limiter.stored_limits().items()
        if task not in known
    }
    for task, limit in limits.items():
        target.rate_limiter.store_limit(task, limit)
    return len(limits)


def _copy_locks(source: Engine, target: Engine) -> int:
    held = source.locks.held()
    for name, task_id in held.items():
        target.locks.acquire_lock(name, task_id)
    return len(held)


def _copy_schedule(source: Engine, target: Engine, name: str) -> int:
    """Copy the stored entries of an app, and up to when their fire times are dealt with."""
    here, there = source.schedule_store(name), target.schedule_store(name)
    known = there.entries().documents
    copied = 0
    for entry, document in here.entries().documents.items():
        if entry not in known:
            audit = AuditEntry(BY, "schedule.move", entry)
            copied += there.change(entry, None, document, audit)
    led = there.lead(BY, 0, LEASE)
    if not led.token:
        raise TransferError(
            f"the scheduler {led.holder} is at work on {target.stores.broker}: stop it, and start "
            "it again when all is moved"
        )
    try:
        for entry, run in here.last_runs().items():
            there.fire(led.token, Fire(entry, run.fire))
    finally:
        there.resign(led.token)
    return copied


def _copy_outbox(source: Engine, target: Engine, outbox: str) -> None:
    """Let the target know which rows of an outbox the source has taken last."""
    here, there = source.outbox_store(outbox), target.outbox_store(outbox)
    led = here.lead(BY, 0, LEASE)
    if not led.number:
        raise TransferError(
            f"the relay {led.holder} is at work on {source.stores.broker}: stop "
            "it, and start it with the new store when all is moved"
        )
    here.resign(led.number)
    found = there.lead(BY, 0, LEASE)
    if not found.number:
        raise TransferError(
            f"the relay {found.holder} is at work on {target.stores.broker}: stop it, and start "
            "it again when all is moved"
        )
    if led.taken and not found.taken:
        there.store_batch(found.number, 1, OutboxBatch(led.taken, ()))
    there.resign(found.number)
