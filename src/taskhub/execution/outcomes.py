"""Outcomes of a task as pure functions: from what has happened to all that is to be written.

`decision.py` chooses among them. What follows from an outcome beyond the task itself (callbacks,
the next link of a chain, a part of a chord) is added by `with_consequences`.
"""

from __future__ import annotations

import json

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.claims import Claim
from taskhub.exceptions import TaskRevokedError
from taskhub.execution.request import Context
from taskhub.execution.result_document import result_document
from taskhub.execution.result_policy import DEFAULT_POLICY, ResultPolicy
from taskhub.message import Envelope, chains_of, decode_body, encode_body
from taskhub.outcome import NO_CONSEQUENCES, Consequences, Outcome
from taskhub.serialization.failures import format_traceback
from taskhub.statistics.failures import describe_error


def with_consequences(outcome: Outcome, consequences: Consequences) -> Outcome:
    """Return an outcome together with what follows from it."""
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
    request: Context, policy: ResultPolicy, value: object, messages: tuple[Envelope, ...] = ()
) -> Outcome:
    """The task returned a value.

    Raises:
        EncodeError: the value cannot be serialized.
    """
    text = None
    if not policy.ignores(request):
        text = result_document(request, policy, states.SUCCESS, value)
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
        text = result_document(request, policy, states.FAILURE, error, traceback=traceback)
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
        text = result_document(request, policy, states.RETRY, error, traceback=traceback)
    return Outcome(request.id or "", states.RETRY, text, policy.ttl, messages)


def revoked(request: Context, policy: ResultPolicy, reason: str) -> Outcome:
    """The task was not to be run any more: revoked, or expired."""
    text = None
    if not policy.ignores(request):
        text = result_document(request, policy, states.REVOKED, TaskRevokedError(reason))
    return Outcome(request.id or "", states.REVOKED, text, policy.ttl)


def ignored(request: Context, messages: tuple[Envelope, ...] = ()) -> Outcome:
    """The task raised `Ignore`: its state stays as the task left it."""
    return Outcome(request.id or "", states.IGNORED, None, None, messages)


def requeued(delivery: Delivery, delay: int = 0, *, redelivered: bool = False) -> Outcome:
    """The task raised `Reject(requeue=True)`, or cannot be run or decided now: it runs later.

    Args:
        delivery: Its message.
        delay: milliseconds until it may be claimed again.
        redelivered: whether the next delivery is to know that there was one before.
    """
    claim = delivery.claim
    body = claim.body
    if redelivered:
        fields = decode_body(body)
        fields["options"] = {**(fields.get("options") or {}), "redelivered": True}
        body = encode_body(fields)
    message = Envelope(
        claim.task_id,
        claim.queue,
        claim.priority,
        body,
        delay,
        chains=chains_of(delivery.options),
    )
    return Outcome(claim.task_id, states.REJECTED, None, None, (message,))


def consuming(delivery: Delivery, outcome: Outcome) -> Outcome:
    """Return an outcome that also names what was stored for its message and is consumed.

    For the body of a chord these are the results of the header; for a long chain the stored links,
    unless a message that the outcome publishes refers to them, too. A message that may run again,
    as a dead letter may, keeps them.
    """
    options = delivery.options
    chord_id = options.get("chord_results")
    chains = chains_of(options) if "chain_continuation" in options else ()
    if (chord_id is None and not chains) or outcome.dead or outcome.state == states.REJECTED:
        return outcome
    bodies = (message for chord in outcome.chords for message in chord.body)
    kept = {chain_id for message in (*outcome.publish, *bodies) for chain_id in message.chains}
    consumed = tuple(chain_id for chain_id in chains if chain_id not in kept)
    return outcome._replace(consumed_chord=chord_id, consumed_chains=consumed)


def custom(
    request: Context, policy: ResultPolicy, outcome: Outcome, state: str, value: object
) -> Outcome:
    """A handler set a state of its own: it is stored instead, the rest of the outcome stays."""
    if outcome.document is None:
        return outcome
    return outcome._replace(state=state, document=result_document(request, policy, state, value))


def dead_letter(reason: str, detail: str, traceback: str | None = None) -> str:
    """Return the text that a dead letter keeps about its cause."""
    return json.dumps({"reason": reason, "detail": detail, "traceback": traceback})


def unrunnable(claim: Claim, error: Exception) -> Outcome:
    """The message cannot be run here: unreadable, or for a task that is not registered."""
    request = Context(id=claim.task_id)
    dead = dead_letter(type(error).__name__, str(error), format_traceback(error))
    return failed(request, DEFAULT_POLICY, error, None, dead=dead)
