"""What the ending of a call sends next: pure functions from a request and its value to messages."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from inspect import Parameter, signature as signature_of
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.canvas.signature import Signature, maybe_signature
from taskhub.message import Envelope
from taskhub.worker.context import Context

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


def follow_ups(
    app: Celery, request: Context, state: str, value: Any, error: BaseException | None = None
) -> tuple[Envelope, ...]:
    """Return the messages that follow a call's success or failure."""
    if state == states.SUCCESS:
        return tuple(_call(app, request, link, (value,)) for link in request.callbacks or ())
    messages = []
    for link in request.errbacks or ():
        errback = maybe_signature(link, app=app)
        assert errback is not None
        if takes_exception(app, errback):
            # As in Celery, an errback of (request, exc, traceback) runs at once, in the worker.
            _run_errback(errback, request, error)
        else:
            messages.append(_call(app, request, errback, (request.id,)))
    return tuple(messages)


def _call(app: Celery, request: Context, link: Any, args: tuple[Any, ...]) -> Envelope:
    signature = maybe_signature(link, app=app)
    assert signature is not None
    call_args, call_kwargs, options = signature.merged(args)
    task = app.tasks.get(signature["task"])
    if task is not None:
        options = {**task._call_defaults, **options}
    task_id = options.get("task_id") or str(uuid.uuid4())
    return app.calls.envelope(signature["task"], call_args, call_kwargs, task_id, options, task, request)


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


def _run_errback(errback: Signature, request: Context, error: BaseException | None) -> None:
    try:
        errback(request, error, error.__traceback__ if error is not None else None)
    except Exception:
        logger.exception("errback %r raised an exception", errback["task"])
