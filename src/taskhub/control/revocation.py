"""Revocation without workers: waiting messages end at once, other ids are stored as revoked."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.canvas.consequences import derive_consequences
from taskhub.config.ranges import milliseconds
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.claims import Claim, Completion
from taskhub.exceptions import DecodeError, TaskRevokedError
from taskhub.execution import outcomes
from taskhub.execution.decision import decide_outcome, revoked
from taskhub.execution.execution import execution_of
from taskhub.execution.request import entered, request_of
from taskhub.execution.result_policy import DEFAULT_POLICY
from taskhub.outcome import Outcome
from taskhub.serialization.result_meta import encode_meta
from taskhub.worker.limits.revoked_stamps import stamp_pairs

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: How long revocations are remembered where the settings say without end, ms.
LONGEST = 365 * 24 * 60 * 60 * 1000


def revoke_ids(app: Celery, task_ids: Collection[str]) -> None:
    """Revoke tasks: they are not begun any more, and their state is REVOKED.

    Those that wait end now. Those that run are left to their workers. Those that are not there, and
    have no result, count as REVOKED from now on, as in Celery.
    """
    if not task_ids:
        return
    engine = app.engine
    revoker = f"revoker:{uuid.uuid4().hex}"
    claims = engine.revoke(revoker, list(task_ids), _remembered(app))
    if claims:
        engine.commit(revoker, [Completion(claim, _completion(app, claim)) for claim in claims])
        engine.reclaim(revoker)
    _mark_unknown(app, set(task_ids) - {claim.task_id for claim in claims})


def revoke_stamps(app: Celery, headers: Mapping[str, Any]) -> None:
    """Remember stamps as revoked: workers end their tasks instead of beginning them."""
    app.engine.revoke_stamps(stamp_pairs(headers), _remembered(app))


def _remembered(app: Celery) -> int:
    return milliseconds(app.conf.revocation_expires) or LONGEST


def _completion(app: Celery, claim: Claim) -> Outcome:
    """Return the completion of a task that waited, with all that follows from it."""
    try:
        delivery = Delivery(claim)
    except DecodeError as error:
        return outcomes.unrunnable(claim, error)
    task = app.tasks.get(delivery.actor_name)
    request = request_of(delivery, task, "")
    with entered(request):
        try:
            if task is None:
                # Callbacks and chords get their part also where the task's code is not imported.
                outcome = outcomes.revoked(request, DEFAULT_POLICY, "revoked")
                cause = TaskRevokedError("revoked")
                caused = derive_consequences(app, request, states.REVOKED, None, cause)
                outcome = outcomes.with_consequences(outcome, caused)
            else:
                outcome = decide_outcome(execution_of(request), revoked("revoked"))
        except Exception:
            logger.exception("callbacks and chords of revoked task %s were not sent", claim.task_id)
            outcome = outcomes.revoked(request, DEFAULT_POLICY, "revoked")
    return outcomes.consuming(delivery, outcome)


def _mark_unknown(app: Celery, task_ids: set[str]) -> None:
    """Store REVOKED for tasks that neither wait nor are held by a worker, and have no state."""
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
