"""Revoking without workers: what waits is ended at once, and the store remembers the rest."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.app import stores
from taskhub.canvas.consequences import consequences
from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim, Ending
from taskhub.exceptions import DecodeError, TaskRevokedError
from taskhub.outcome import Outcome
from taskhub.serialization.result_meta import encode_meta
from taskhub.worker import endings
from taskhub.worker.context import entered, request_of
from taskhub.worker.deciding import end_revoked
from taskhub.worker.stamps import flat

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: How long revocations are remembered where the settings say without end, ms.
LONGEST = 365 * 24 * 60 * 60 * 1000


def revoke_ids(app: Celery, task_ids: Collection[str]) -> None:
    """See to it that tasks are not begun any more, wherever they are, and that their state says so.

    Those that wait end now. Those that run are left to their workers. Those that are not there, and have no result,
    count as REVOKED from now on, as in Celery.
    """
    if not task_ids:
        return
    engine = app.engine
    revoker = f"revoker:{uuid.uuid4().hex}"
    claims = engine.revoke(revoker, list(task_ids), _remembered(app))
    if claims:
        engine.commit(revoker, [Ending(claim, _ending(app, claim)) for claim in claims])
        engine.release(revoker)
    _mark_unknown(app, set(task_ids) - {claim.task_id for claim in claims})


def revoke_stamps(app: Celery, headers: Mapping[str, Any]) -> None:
    """Remember stamps as revoked: workers end their tasks instead of beginning them."""
    app.engine.revoke_stamps(flat(headers), _remembered(app))


def _remembered(app: Celery) -> int:
    return stores.milliseconds(app.conf.revocation_expires) or LONGEST


def _ending(app: Celery, claim: Claim) -> Outcome:
    """Return the ending of a task that waited, with all that follows from it."""
    try:
        delivery = Delivery(claim)
    except DecodeError as error:
        return endings.unrunnable(claim, error)
    task = app.tasks.get(delivery.actor_name)
    request = request_of(delivery, task, "")
    with entered(request):
        try:
            outcome = end_revoked(task, request, "revoked")
            if task is None:
                # What waits for it must be told also where the task's code is not at hand.
                cause = TaskRevokedError("revoked")
                caused = consequences(app, request, states.REVOKED, None, cause)
                outcome = endings.with_consequences(outcome, caused)
        except Exception:
            logger.exception("what waits for task %s cannot be told of its end", claim.task_id)
            outcome = endings.revoked(request, endings.DEFAULT_POLICY, "revoked")
    return endings.releasing(delivery, outcome)


def _mark_unknown(app: Celery, task_ids: set[str]) -> None:
    """Store the state of tasks that are neither waiting nor in the hands of a worker, and have none."""
    engine = app.engine
    held = {key.partition("\n")[0] for worker in engine.workers() for key in engine.held(worker)}
    unknown = sorted(task_ids - held)
    for task_id, document in zip(unknown, engine.documents(unknown), strict=True):
        if document is None:
            text = encode_meta(
                task_id=task_id,
                status=states.REVOKED,
                result=TaskRevokedError("revoked"),
                date_done=datetime.now(UTC).isoformat(),
            )
            engine.store_state(task_id, text, app.result_ttl)
