"""FastAPI: calls of tasks as dependencies that keep their types; lifespan and request ids.

site = FastAPI(lifespan=lifespan(app))
site.add_middleware(RequestIdMiddleware)

@site.post("/orders/{order}/invoice")
async def invoice(order: int, send: Enqueue[[int], str] = enqueue(send_invoice)) -> str:
    return (await send(order)).id
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from taskhub.app.proxy import Proxy
from taskhub.call.options import check_options
from taskhub.contrib.required_library import require_library
from taskhub.contrib.starlette import (
    Lifespan,
    RequestIdMiddleware,
    answer_unavailable,
    lifespan,
)
from taskhub.exceptions import ImproperlyConfigured
from taskhub.task.task import Task

require_library(__name__, "fastapi")

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

    from taskhub.result import AsyncResult

__all__ = (
    "Enqueue",
    "Lifespan",
    "RequestIdMiddleware",
    "answer_unavailable",
    "enqueue",
    "lifespan",
    "replace_enqueue",
)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Enqueue(Generic[P, R]):
    """Sends calls of a task from an endpoint, without blocking the event loop.

    Args:
        task: The task.
        options: Options of its calls, as of `apply_async`.
    """

    task: Task[P, R]
    options: Mapping[str, Any] = field(default_factory=dict)

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send a call with these arguments.

        Raises:
            TypeError: The arguments do not fit the task.
            EncodeError: One cannot be serialized.
            OperationalError: The store is out of reach.
        """
        return await self.task.aapply_async(args, kwargs, **self.options)

    def with_options(self, **options: Any) -> Enqueue[P, R]:
        """Return one whose calls have more options: `send.with_options(countdown=60)(order)`."""
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True, eq=False)
class _Dependency:
    """What FastAPI calls for one `enqueue(task)`.

    Args:
        enqueue: What the endpoint gets.
    """

    enqueue: Enqueue[..., Any]

    async def __call__(self) -> Any:
        return self.enqueue


#: The dependencies of a task, by its `id`: a shared task has no name before there is an app.
_made: dict[int, list[_Dependency]] = {}


def enqueue(task: Task[P, R], **options: Any) -> Enqueue[P, R]:
    """Return the dependency of an endpoint that sends calls of a task.

    As a default, `send: Enqueue[[int], str] = enqueue(send_invoice)`, where type checkers compare
    the task with the annotation, or as `Annotated[Enqueue[[int], str], enqueue(send_invoice)]`.

    Args:
        task: The task.
        options: Options of its calls, as of `apply_async`.

    Raises:
        ImproperlyConfigured: It is no task, or an option cannot be used.
    """
    if not _is_task(task):
        raise ImproperlyConfigured(
            f"enqueue() is for a task, not for {task!r:.100}: give it what @app.task made"
        )
    try:
        check_options(options)
    except (TypeError, ValueError, OverflowError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"enqueue(): {error}") from error
    dependency = _Dependency(Enqueue(task, options))
    _made.setdefault(id(task), []).append(dependency)
    from fastapi import params

    # Type checkers see what the endpoint gets.
    return cast("Enqueue[P, R]", params.Depends(dependency))


def _is_task(found: Any) -> bool:
    # `isinstance` would look a shared task up.
    return type(found) is Proxy or isinstance(found, Task)


def replace_enqueue(site: FastAPI, task: Task[..., Any], substitute: Any) -> None:
    """Let endpoints get something else for each `enqueue(task)`, in tests.

    `site.dependency_overrides.clear()` ends it.

    Args:
        site: The service.
        task: The task.
        substitute: What they get, e.g. an `AsyncMock`.

    Raises:
        ImproperlyConfigured: There is no `enqueue(task)`.
    """
    found = _made.get(id(task))
    if not found:
        raise ImproperlyConfigured(f"replace_enqueue: no endpoint has enqueue({task!r:.100})")
    for dependency in found:
        site.dependency_overrides[dependency] = lambda: substitute
