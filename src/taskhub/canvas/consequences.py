"""Consequences of a call's outcome: callbacks, errbacks, the next link, and parts of chords.

Calls made here are collected, not sent (see `outbox`): they leave in the commit of the call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from inspect import Parameter
from inspect import signature as signature_of
from typing import TYPE_CHECKING, Any

from taskhub import instrumentation, states
from taskhub.call.message import decode_content
from taskhub.call.options import check_chord
from taskhub.canvas.chain_continuation import all_links, load_next
from taskhub.canvas.chord_results import failed_part, fill, join, traces, value_part
from taskhub.canvas.outbox import Outbox, collecting
from taskhub.canvas.signature import Signature, maybe_signature
from taskhub.canvas.structure import calls_in
from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.exceptions import OperationalError
from taskhub.execution.coroutines import resolve_coroutine
from taskhub.execution.request import Context
from taskhub.outcome import NO_CONSEQUENCES, ChordPart, Consequences, Document
from taskhub.serialization.result_meta import check_size, encode_meta

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


class Participation:
    """Completes the requests of an app's calls, and derives the consequences of their outcomes.

    Args:
        app: Whose calls.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def load(self, request: Context) -> None:
        """Load what a message does not hold into its request: arguments, and the next links.

        Raises:
            OperationalError: The store is out of reach.
            ChordError: A task of the header has failed.
        """
        app, values = self._app, request.__dict__
        if "content" in values:
            accept = app.conf.accept_content
            request.args, request.kwargs = decode_content(values["content"], accept)
        if "chord_results" in values:
            parts = app.engine.chord_parts(values["chord_results"])
            if instrumentation.active and parts:
                _link_runs(request, parts)
            request.args = fill(request.args, join(values["chord_results"], parts))
        if request.chain_continuation and not request.chain:
            load_next(app.engine, request)

    def consequences(
        self,
        request: Context,
        state: str,
        value: Any,
        error: BaseException | None = None,
        traceback: str | None = None,
    ) -> Consequences:
        """Return the messages and parts of chords that follow from an outcome.

        Raises:
            EncodeError: The value cannot be passed on.
        """
        if not (
            request.callbacks
            or request.errbacks
            or request.chain
            or request.chain_continuation
            or request.chord
        ):
            return NO_CONSEQUENCES
        return derive_consequences(self._app, request, state, value, error, traceback)


def _link_runs(request: Context, parts: Sequence[bytes]) -> None:
    """Link the run of a chord's body to the runs of its header."""
    delivery = None if request._execution is None else request._execution.delivery
    if delivery is not None and delivery.runs is not None:
        instrumentation.link(delivery, traces(parts))


def derive_consequences(
    app: Celery,
    request: Context,
    state: str,
    value: Any,
    error: BaseException | None = None,
    traceback: str | None = None,
) -> Consequences:
    """Return what follows from a call's success, failure or revocation.

    `request` must be the current one.

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
            link.apply_async((value,), chain=carried, chain_continuation=request.chain_continuation)
    parts: tuple[ChordPart, ...] = ()
    if request.chord and not request.chain:
        part = value_part(value)
        limit = app.conf.result_max_size or 0
        check_size(part, limit, f"the result of task {request.task}[{request.id}] for its chord")
        parts = (_part(request.chord, part),)
    return _collected(app, outbox, parts)


def _after_failure(
    app: Celery, request: Context, error: BaseException, traceback: str | None
) -> Consequences:
    parts: list[ChordPart] = []
    documents: list[Document] = []
    if request.chord:
        parts += _parts_of(request, request.chord, failed_part(request.id or "", error))
    for ended in _never_run(app, request):
        options = ended["options"]
        task_id = options.get("task_id")
        if task_id:
            documents.append(Document(task_id, _failure(task_id, options, error, traceback)))
            if options.get("chord"):
                parts += _parts_of(request, options["chord"], failed_part(task_id, error))
    with collecting() as outbox:
        for link in request.errbacks or ():
            try:
                errback = maybe_signature(link, app=app, clone=True)
                _call_errback(app, errback, request, error, traceback)
            except OperationalError:
                raise
            except Exception:
                # The failure, and the parts that chords wait for, must be written in any case.
                logger.exception(
                    "errback %.200r of task %s cannot be sent", _name_of(link), request.id
                )
    return _collected(app, outbox, tuple(parts), tuple(documents))


def _name_of(link: Any) -> Any:
    """Return what a log may show of a signature: not its arguments."""
    return link.get("task") if isinstance(link, Mapping) else type(link).__qualname__


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


def _part(position: Sequence[Any], value: str) -> ChordPart:
    """Return a part for its position in a chord: the chord's id, and an index or a label."""
    chord_id, index_or_label = check_chord("chord", position)
    return ChordPart(chord_id, index_or_label, value)


def _parts_of(request: Context, position: Any, value: str) -> Iterator[ChordPart]:
    """Yield the part of a task that failed; none if its message names no position in a chord."""
    try:
        yield _part(position, value)
    except (TypeError, ValueError) as problem:
        logger.error("the message of task %s is malformed: %s", request.id, problem)


def _never_run(app: Celery, request: Context) -> Iterator[Mapping[str, Any]]:
    """Yield every call that would have followed in the chain, the next first."""
    for link in reversed(request.chain or ()):
        yield from calls_in(link)
    if request.chain_continuation:
        for link in all_links(app.engine, request.chain_continuation):
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


def _call_errback(
    app: Celery,
    errback: Signature,
    request: Context,
    error: BaseException,
    traceback: str | None,
) -> None:
    if not takes_exception(app, errback):
        call = errback.apply if request.is_eager else errback.apply_async
        call((request.id,))
        return
    # As in Celery, an errback of (request, exc, traceback) runs at once, in the worker.
    try:
        resolve_coroutine(errback(request, error, traceback))
    except BaseException as raised:
        end_if_forked_child(raised)
        # `SystemExit`, too: the failure, and the parts that chords wait for, must be written in any
        # case.
        logger.exception("errback %r raised an exception", errback["task"])


def takes_exception(app: Celery, errback: Signature) -> bool:
    """Return whether an errback takes (request, exc, traceback) instead of the failed id.

    As in Celery that is said by how many positional arguments are left when those are taken away
    that its signature stores; a bound task, and one that is written as a class, takes the id.
    """
    task = app.tasks.get(errback["task"])
    function = getattr(task, "_declared_function", None)
    if task is None or function is None or task._options.get("bind"):
        return False
    if not errback.immutable and (errback.args or errback.kwargs):
        try:
            return _takes_several(partial(function, *errback.args, **errback.kwargs))
        except (TypeError, ValueError):
            # Its stored arguments do not fit: the call raises that.
            pass
    return _takes_several(function)


def _takes_several(function: Callable[..., Any]) -> bool:
    """Return whether a function takes more than one positional argument."""
    parameters = signature_of(function).parameters.values()
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return True
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in parameters) > 1
