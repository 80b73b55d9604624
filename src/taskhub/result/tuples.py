"""Results from their tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from taskhub.result.application import app_or_current
from taskhub.result.base import ResultBase

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application


def result_from_tuple(r: Any, app: Application | None = None) -> ResultBase:
    """Return the result whose `as_tuple()` this is; a result is returned as it is.

    Parameters:
        r: `((id, parent), members)`, in tuples or lists; `id` may stand for `(id, None)`.
        app: The application; None: the current one.
    """
    from taskhub.result.async_result import AsyncResult
    from taskhub.result.group import GroupResult

    if isinstance(r, ResultBase):
        return r
    app = app_or_current(app)
    name: Any
    members: Any
    name, members = r
    task_id: Any = name
    parent: Any = None
    if isinstance(name, list | tuple):
        task_id, parent = cast("list[Any]", name)
    above = result_from_tuple(parent, app) if parent else None
    if members is not None:
        below = [result_from_tuple(member, app) for member in members]
        return GroupResult(task_id, below, parent=above, app=app)
    task: AsyncResult[Any] = AsyncResult(task_id, app=app, parent=above)
    return task
