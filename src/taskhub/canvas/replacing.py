"""What takes the place of a running call: a signature with that call's id and place in its canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.canvas.signature import checked, maybe_signature
from taskhub.canvas.steps import ending_of, kind, with_one_result
from taskhub.exceptions import ImproperlyConfigured
from taskhub.task.calling import as_list
from taskhub.worker.context import Context

if TYPE_CHECKING:
    from taskhub.app.app import Celery


def replacement(app: Celery, request: Context, signature: Any) -> Any:
    """Return the signature that takes the place of the call that `request` answers.

    Raises:
      ImproperlyConfigured: it is an empty chain, or part of a chord.
      TypeError: it is no signature.
    """
    signature = checked(signature)
    signature._app = signature._app or app
    if "chord" in signature.options:
        raise ImproperlyConfigured("A signature replacing a task must not be part of a chord")
    if kind(signature) == "chain" and not signature["kwargs"]["tasks"]:
        raise ImproperlyConfigured("Cannot replace with an empty chain")
    signature = with_one_result(signature)
    for link in request.callbacks or ():
        signature.link(link)
    for errback in request.errbacks or ():
        signature.link_error(errback)
    if kind(signature) == "chain":
        # The links belong to its last step, also when more is chained to it below.
        signature.tasks[-1].extend_list_option("link", as_list(signature.options.pop("link", None)))
    signature.freeze(request.id, request.group)
    ending = ending_of(signature)
    if ending is not None and not request.ignore_result:
        # Who waits for this call waits for the one that ends in its place, whatever that one's task does with results.
        ending.set(ignore_result=False)
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
    if request.chain_rest:
        signature.set(chain_rest=request.chain_rest)
    return signature
