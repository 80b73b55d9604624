"""Calls that leave in the commit of a running one: its replacement, more parts of its chord."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.call.values import as_list
from taskhub.canvas.normal_form import with_one_result
from taskhub.canvas.outbox import collecting
from taskhub.canvas.signature import checked, maybe_signature
from taskhub.canvas.structure import final_call, kind
from taskhub.exceptions import Ignore, ImproperlyConfigured
from taskhub.execution.execution import execution_of
from taskhub.execution.request import Context
from taskhub.outcome import ChordExtension

if TYPE_CHECKING:
    from taskhub.app.app import Celery


def build_replacement(app: Celery, request: Context, signature: Any) -> Any:
    """Return a signature with the id of a call, its links, and its position in a canvas.

    Raises:
        ImproperlyConfigured: it is an empty chain, or part of a chord.
        TypeError: it is no signature.
    """
    signature = with_one_result(_check_replacement(signature))
    signature._app = signature._app or app
    for link in request.callbacks or ():
        signature.link(link)
    for errback in request.errbacks or ():
        signature.link_error(errback)
    if kind(signature) == "chain":
        # The links belong to its last step, also when more is chained to it below.
        signature.tasks[-1].extend_list_option("link", as_list(signature.options.pop("link", None)))
    signature.freeze(request.id, request.group)
    last = final_call(signature)
    if last is not None and not request.ignore_result:
        # The result of this call is that of the last one, which must be stored.
        last.set(ignore_result=False)
    nesting = request.replaced_task_nesting + 1
    signature.set(
        chord=request.chord,
        group_id=request.group,
        group_index=request.group_index,
        root_id=request.root_id,
        replaced_task_nesting=nesting,
    )
    if kind(signature) == "chain":
        for step in signature.tasks:
            step.set(replaced_task_nesting=nesting)
    for link in reversed(request.chain or ()):
        following = maybe_signature(link, app=app, clone=True)
        following.set(replaced_task_nesting=nesting)
        signature = signature | following
    if request.chain_continuation:
        signature.set(chain_continuation=request.chain_continuation)
    return signature


def _check_replacement(signature: Any) -> Any:
    """Return a signature if it can replace a call."""
    signature = checked(signature)
    if "chord" in signature.options:
        raise ImproperlyConfigured("A signature replacing a task must not be part of a chord")
    if kind(signature) == "chain" and not signature["kwargs"]["tasks"]:
        raise ImproperlyConfigured("Cannot replace with an empty chain")
    return signature


def send_replacement(task: Any, signature: Any) -> Any:
    """Send the signature that replaces a task's current call; run it now if that call is eager.

    Raises:
        Ignore: Always, in a worker.
    """
    if task.request.is_eager:
        return signature.apply().get()
    _send_with_commit(task, signature)
    execution_of(task.request).is_replaced = True
    raise Ignore("Replaced by new task")


def extend_chord(task: Any, signature: Any, lazy: bool) -> Any:
    """Add a call to the chord of a task's current call; see `Task.add_to_chord`."""
    request = task.request
    if not request.chord:
        raise ValueError("Current task is not member of any chord")
    signature = checked(signature)
    extension = ChordExtension(request.chord[0], f"+{signature.freeze().id}")
    signature.set(
        group_id=request.group,
        group_index=request.group_index,
        chord=list(extension),
        root_id=request.root_id,
    )
    execution = execution_of(request)
    execution.extensions = (*execution.extensions, extension)
    return signature if lazy else _send_with_commit(task, signature)


def _send_with_commit(task: Any, signature: Any) -> Any:
    """Send a signature in the commit of a task's current call; return its result."""
    with collecting() as outbox:
        result = signature.apply_async()
    task.app.calls.publishing.after(outbox.published)
    execution_of(task.request).collect(outbox.messages, outbox.chords, outbox.chains)
    return result
