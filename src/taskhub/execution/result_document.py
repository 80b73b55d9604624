"""Result documents of executions: what is stored under a task id, within `result_max_size`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from taskhub import states
from taskhub.exceptions import EncodeError
from taskhub.execution.request import Context
from taskhub.execution.result_policy import ResultPolicy
from taskhub.serialization.result_meta import check_size, encode_meta, extended_fields

#: How many bytes of a document a character of a text can take.
_LONGEST_ESCAPE = 12


def result_document(
    request: Context,
    policy: ResultPolicy,
    state: str,
    value: Any,
    *,
    traceback: str | None = None,
) -> str:
    """Return the result document of a state.

    Raises:
        EncodeError: the value cannot be serialized, or is larger than `result_max_size` allows.
    """
    text = _document(request, policy, state, value, traceback)
    if not policy.max_size or len(text) * 4 <= policy.max_size:
        return text
    if isinstance(value, BaseException) and len(text) > policy.max_size:
        # What is said of the call beside the exception gives way.
        text = _exception(request, state, value, traceback)
    what = "result" if state == states.SUCCESS else f"state {state}"
    subject = f"the {what} of task {request.task}[{request.id}]"
    return check_size(text, policy.max_size, subject)


def bound_failure(
    request: Context, policy: ResultPolicy, error: BaseException, traceback: str | None
) -> tuple[BaseException, str | None]:
    """Return an exception and its traceback as they can be stored.

    A traceback that does not fit into `result_max_size` beside its exception is cut at its
    beginning; in place of an exception that does not fit there is an `EncodeError` that says so.
    """
    limit = policy.max_size
    if not limit:
        return error, traceback
    try:
        size = len(_exception(request, states.FAILURE, error, None))
        if size + _LONGEST_ESCAPE * len(traceback or "") <= limit:
            return error, traceback
        what = f"the exception ({type(error).__name__}) of task {request.task}[{request.id}]"
        check_size(_exception(request, states.FAILURE, error, None), limit, what)
    except EncodeError as problem:
        return problem, None
    room = (limit - size) // _LONGEST_ESCAPE
    return error, (traceback or "")[-room:] if room else None


def _exception(request: Context, state: str, error: BaseException, traceback: str | None) -> str:
    """Return the document of a failure without what is optional."""
    return encode_meta(
        task_id=request.id or "",
        status=state,
        result=error,
        traceback=traceback,
        group_id=request.group,
        parent_id=request.parent_id,
        date_done=datetime.now(UTC).isoformat() if state in states.READY_STATES else None,
    )


def _document(
    request: Context, policy: ResultPolicy, state: str, value: Any, traceback: str | None
) -> str:
    children = request._children
    execution = request._execution
    delivery = None if execution is None else execution.delivery
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
