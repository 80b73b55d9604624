"""What the ending of a call sends next: from a request and its value to messages, parts of chords, and more endings.

Calls made here are collected, not sent (see `outbox`): they leave in the commit of the task that has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter
from inspect import signature as signature_of
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.canvas.joined import failed_part, value_part
from taskhub.canvas.outbox import Outbox, collecting
from taskhub.canvas.rest import all_links
from taskhub.canvas.signature import Signature, maybe_signature
from taskhub.canvas.steps import calls_in
from taskhub.outcome import ChordPart, Consequences, Document
from taskhub.serialization.result_meta import encode_meta
from taskhub.worker.context import Context

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


def consequences(
    app: Celery,
    request: Context,
    state: str,
    value: Any,
    error: BaseException | None = None,
    traceback: str | None = None,
) -> Consequences:
    """Return what follows from a call's success, failure or revocation. `request` must be the current one.

    Raises:
      EncodeError: the value cannot be passed on.
    """
    if state == states.SUCCESS:
        return _after_success(app, request, value)
    if state == states.IGNORED:
        return Consequences(parts=(_part(request.chord, value_part(None)),))
    assert error is not None
    return _after_failure(app, request, error, traceback)


def _after_success(app: Celery, request: Context, value: Any) -> Consequences:
    with collecting() as outbox:
        for link in request.callbacks or ():
            maybe_signature(link, app=app, clone=True).apply_async((value,))
        if request.chain:
            *carried, following = request.chain
            link = maybe_signature(following, app=app, clone=True)
            link.apply_async((value,), chain=carried, chain_rest=request.chain_rest)
    parts: tuple[ChordPart, ...] = ()
    if request.chord and not request.chain:
        parts = (_part(request.chord, value_part(value)),)
    return _collected(app, outbox, parts)


def _after_failure(
    app: Celery, request: Context, error: BaseException, traceback: str | None
) -> Consequences:
    parts: list[ChordPart] = []
    documents: list[Document] = []
    if request.chord:
        parts.append(_part(request.chord, failed_part(request.id or "", error)))
    for ended in _never_run(app, request):
        options = ended["options"]
        task_id = options.get("task_id")
        if task_id:
            documents.append(Document(task_id, _failure(task_id, options, error, traceback)))
            if options.get("chord"):
                parts.append(_part(options["chord"], failed_part(task_id, error)))
    with collecting() as outbox:
        for link in request.errbacks or ():
            _call_errback(app, maybe_signature(link, app=app, clone=True), request, error)
    return _collected(app, outbox, tuple(parts), tuple(documents))


def _collected(
    app: Celery,
    outbox: Outbox,
    parts: tuple[ChordPart, ...],
    documents: tuple[Document, ...] = (),
) -> Consequences:
    app.calls.publishing.after(outbox.published)
    return Consequences(
        tuple(outbox.messages), tuple(outbox.chords), parts, documents, tuple(outbox.chains)
    )


def _part(place: Sequence[Any], value: str) -> ChordPart:
    """Return a part for its place in a chord, as messages carry it: the chord's id, and an index or a label."""
    chord_id, index_or_label = place
    return ChordPart(chord_id, index_or_label, value)


def _never_run(app: Celery, request: Context) -> Iterator[Mapping[str, Any]]:
    """Yield every call that would have followed in the chain, the next first, whatever it consists of."""
    for link in reversed(request.chain or ()):
        yield from calls_in(link)
    if request.chain_rest:
        for link in all_links(app.engine, request.chain_rest):
            yield from calls_in(link)


def _failure(
    task_id: str, options: dict[str, Any], error: BaseException, traceback: str | None
) -> str:
    return encode_meta(
        task_id=task_id,
        status=states.FAILURE,
        result=error,
        traceback=traceback,
        group_id=options.get("group_id"),
    )


def _call_errback(app: Celery, errback: Signature, request: Context, error: BaseException) -> None:
    if not takes_exception(app, errback):
        errback.apply_async((request.id,))
        return
    # As in Celery, an errback of (request, exc, traceback) runs at once, in the worker.
    try:
        errback(request, error, error.__traceback__)
    except Exception:
        logger.exception("errback %r raised an exception", errback["task"])


def takes_exception(app: Celery, errback: Signature) -> bool:
    """Return whether an errback takes (request, exc, traceback) instead of the failed id."""
    task = app.tasks.get(errback["task"])
    if task is None:
        return False
    return _positional(task.run) - len(errback.args) > 1


def _positional(function: Callable[..., Any]) -> int:
    parameters = signature_of(function).parameters.values()
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return 3
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in parameters)
