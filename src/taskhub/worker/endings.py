"""The endings of a task: from what happened to all that is to be written, as pure functions.

Every way in which a task can end goes through one of these. What an ending causes beyond the task
itself (callbacks, the next link of a chain, a part of a chord) is added to it by
`with_consequences`; the facade computes it, since it knows canvases.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from taskhub import states
from taskhub.engine.delivery import Delivery
from taskhub.exceptions import TaskRevokedError
from taskhub.message import Envelope, chains_of
from taskhub.outcome import NO_CONSEQUENCES, Consequences, Outcome
from taskhub.serialization.failures import format_traceback
from taskhub.serialization.result_meta import encode_meta, extended_fields
from taskhub.statistics.failures import describe_error
from taskhub.worker.context import Context


class ResultPolicy(NamedTuple):
    """What a task's configuration says about its results."""

    #: Results are not stored.
    ignore_result: bool = False
    #: Failures are stored even if results are not.
    store_errors_even_if_ignored: bool = False
    #: How long results are kept, milliseconds; None: for ever.
    ttl: int | None = 24 * 60 * 60 * 1000
    #: The same for failures.
    failure_ttl: int | None = 24 * 60 * 60 * 1000
    #: Name, arguments, worker, retries and queue are stored, too.
    extended: bool = False

    def ignores(self, request: Context) -> bool:
        """Return whether this call's result is not stored; the call's own wish goes before the task's."""
        wish = request.ignore_result
        return self.ignore_result if wish is None else bool(wish)


#: The policy when a message belongs to no task that is known here.
DEFAULT_POLICY = ResultPolicy()


def document(
    request: Context,
    policy: ResultPolicy,
    state: str,
    value: Any,
    *,
    traceback: str | None = None,
) -> str:
    """Return the result document of a state.

    Raises:
      EncodeError: the value cannot be serialized.
    """
    children = request._children
    delivery = request._delivery
    extended = None
    if policy.extended:
        extended = extended_fields(
            name=request.task,
            args=request.args,
            kwargs=request.kwargs,
            worker=request.hostname,
            retries=request.retries,
            queue=delivery.queue_name if delivery is not None else None,
            stamps=request.stamps,
            stamped_headers=request.stamped_headers,
        )
    return encode_meta(
        task_id=request.id or "",
        status=state,
        result=value,
        traceback=traceback,
        children=[child.as_tuple() for child in children] if children else (),
        group_id=request.group,
        parent_id=request.parent_id,
        date_done=datetime.now(UTC).isoformat() if state in states.READY_STATES else None,
        extended=extended,
    )


def with_consequences(outcome: Outcome, consequences: Consequences) -> Outcome:
    """Return an ending together with what it causes."""
    if consequences is NO_CONSEQUENCES:
        return outcome
    return outcome._replace(
        publish=outcome.publish + consequences.publish,
        chords=outcome.chords + consequences.chords,
        parts=outcome.parts + consequences.parts,
        documents=outcome.documents + consequences.documents,
        chains=outcome.chains + consequences.chains,
    )


def succeeded(
    request: Context, policy: ResultPolicy, value: Any, messages: tuple[Envelope, ...] = ()
) -> Outcome:
    """The task returned a value.

    Raises:
      EncodeError: the value cannot be serialized.
    """
    text = None
    if not policy.ignores(request):
        text = document(request, policy, states.SUCCESS, value)
    return Outcome(request.id or "", states.SUCCESS, text, policy.ttl, messages)


def failed(
    request: Context,
    policy: ResultPolicy,
    error: BaseException,
    traceback: str | None,
    messages: tuple[Envelope, ...] = (),
    *,
    dead: str | None = None,
) -> Outcome:
    """The task raised an exception, for good."""
    text = None
    if not policy.ignores(request) or policy.store_errors_even_if_ignored:
        text = document(request, policy, states.FAILURE, error, traceback=traceback)
    return Outcome(
        request.id or "",
        states.FAILURE,
        text,
        policy.failure_ttl,
        messages,
        dead,
        error=describe_error(error),
    )


def retried(
    request: Context,
    policy: ResultPolicy,
    error: BaseException | None,
    traceback: str | None,
    messages: tuple[Envelope, ...],
) -> Outcome:
    """The task asked to be run again; `messages` hold that run."""
    text = None
    if not policy.ignores(request):
        text = document(request, policy, states.RETRY, error, traceback=traceback)
    return Outcome(request.id or "", states.RETRY, text, policy.ttl, messages)


def revoked(request: Context, policy: ResultPolicy, reason: str) -> Outcome:
    """The task was not to be run any more: revoked, or expired."""
    text = None
    if not policy.ignores(request):
        text = document(request, policy, states.REVOKED, TaskRevokedError(reason))
    return Outcome(request.id or "", states.REVOKED, text, policy.ttl)


def ignored(request: Context, messages: tuple[Envelope, ...] = ()) -> Outcome:
    """The task raised `Ignore`: its state stays as the task left it."""
    return Outcome(request.id or "", states.IGNORED, None, None, messages)


def requeued(delivery: Delivery, delay: int = 0) -> Outcome:
    """The task raised `Reject(requeue=True)`, or cannot be run or ended now: the message goes back as it was.

    Parameters:
      delay: milliseconds until it may be claimed again.
    """
    claim = delivery.claim
    message = Envelope(
        claim.task_id,
        claim.queue,
        claim.priority,
        claim.body,
        delay,
        chains=chains_of(delivery.options),
    )
    return Outcome(claim.task_id, states.REJECTED, None, None, (message,))


def releasing(delivery: Delivery, outcome: Outcome) -> Outcome:
    """Return an ending that also says what was stored for the message, and is needed no longer.

    That are the values of a header, when it was the body of a chord; and links that follow in a long chain, unless a
    message that the ending publishes tells of them, too. A message that may run again, as a dead letter may, keeps
    them.
    """
    options = delivery.options
    joins, rest = options.get("joins"), chains_of(options)
    if (joins is None and not rest) or outcome.dead or outcome.state == states.REJECTED:
        return outcome
    bodies = (message for chord in outcome.chords for message in chord.body)
    told = {chain_id for message in (*outcome.publish, *bodies) for chain_id in message.chains}
    spent = tuple(chain_id for chain_id in rest if chain_id not in told)
    return outcome._replace(joined=joins, spent=spent)


def custom(
    request: Context, policy: ResultPolicy, outcome: Outcome, state: str, value: Any
) -> Outcome:
    """A handler of the ending set a state of its own; it is stored instead, the rest of the ending stays."""
    if outcome.document is None:
        return outcome
    return outcome._replace(state=state, document=document(request, policy, state, value))


def dead_letter(reason: str, detail: str, traceback: str | None = None) -> str:
    """Return the text that a dead letter keeps about its cause."""
    return json.dumps({"reason": reason, "detail": detail, "traceback": traceback})


def unrunnable(claim: Any, error: Exception) -> Outcome:
    """The message cannot be run here: unreadable, or for a task that is not registered."""
    request = Context(id=claim.task_id)
    dead = dead_letter(type(error).__name__, str(error), format_traceback(error))
    return failed(request, DEFAULT_POLICY, error, None, dead=dead)
