"""State of this worker process, for programs in it (as `celery.worker.state`).

Everything here is a view of the present state. Outside of a worker it shows only the requests that
were added by `task_reserved` and the like.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from taskhub.celery_version import __version__
from taskhub.control.revocation import revoke_ids
from taskhub.current import current_app
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.exceptions import DecodeError
from taskhub.execution.message_request import Request
from taskhub.execution.request import request_of
from taskhub.worker.control.commands.tasks import MOST_REVOKED
from taskhub.worker.control.middleware import RemoteControl
from taskhub.worker.control.state import WorkerState

#: What this is.
SOFTWARE_INFO = {
    "sw_ident": "taskhub",
    "sw_ver": __version__,
    "sw_sys": platform.system(),
}


def _worker() -> WorkerState | None:
    """Return what the commands of this worker process work on; None: it is no worker."""
    for middleware in current_app().broker.middleware:
        if isinstance(middleware, RemoteControl):
            return middleware.state
    return None


def _running() -> list[Request]:
    worker = _worker()
    return (
        []
        if worker is None
        else [Request(one.execution.request) for one in worker.activity.running]
    )


def _held() -> list[Request]:
    worker = _worker()
    if worker is None or worker.broker.exchange_loop is None:
        return []
    found = _running()
    for claim in worker.waiting:
        try:
            delivery = Delivery(claim)
        except DecodeError:
            # It will end as unreadable.
            continue
        task = worker.app.tasks.get(delivery.actor_name)
        found.append(Request(request_of(delivery, task, worker.hostname)))
    return found


class Requests(Set[Request]):
    """Messages held by this process.

    Args:
        find: Returns them.
    """

    def __init__(self, find: Callable[[], Iterable[Request]]) -> None:
        self._find = find
        #: Those that were added by `task_reserved` and the like.
        self.added: dict[Any, Request] = {}

    @classmethod
    def _from_iterable(cls, it: Iterable[Request]) -> set[Request]:  # type: ignore[override]
        return set(it)

    def _all(self) -> dict[Any, Request]:
        return {**self.added, **{request.id: request for request in self._find()}}

    def __iter__(self) -> Iterator[Request]:
        return iter(self._all().values())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, request: object) -> bool:
        return getattr(request, "id", None) in self._all()


class RequestsById(Mapping[str, Request]):
    """Messages held by this process, by id."""

    def __getitem__(self, task_id: str) -> Request:
        return reserved_requests._all()[task_id]

    def __iter__(self) -> Iterator[str]:
        return iter(reserved_requests._all())

    def __len__(self) -> int:
        return len(reserved_requests)


class Counts(Mapping[str, int]):
    """Executions begun by this process, by task."""

    @property
    def _totals(self) -> dict[str, int]:
        worker = _worker()
        return {} if worker is None else worker.activity.totals

    def __getitem__(self, name: str) -> int:
        return self._totals.get(name, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._totals)

    def __len__(self) -> int:
        return len(self._totals)


class Total(Sequence[int]):
    """Executions begun by this process: a list of one number, as in Celery."""

    def __getitem__(self, index: Any) -> Any:
        return [sum(total_count.values())][index]

    def __len__(self) -> int:
        return 1


class Revoked(Set[str]):
    """The revoked ids in the store; each read and each change is a call to the store."""

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> set[str]:  # type: ignore[override]
        return set(it)

    def _all(self) -> list[str]:
        return current_app().engine.revoked(0, MOST_REVOKED)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._all()

    def add(self, task_id: str) -> None:
        """Revoke a task."""
        self.update([task_id])

    def update(self, task_ids: Iterable[str]) -> None:
        """Revoke tasks."""
        revoke_ids(current_app(), list(task_ids))


#: What this process holds: what runs, and what is to run next.
reserved_requests = Requests(_held)
#: What runs.
active_requests = Requests(_running)
#: What waits here for its time: nothing, that is in the store.
scheduled_requests = Requests(lambda: ())
requests = RequestsById()
total_count = Counts()
all_total_count = Total()
revoked = Revoked()


def task_reserved(request: Request) -> None:
    """Add a request to those that are held, until `task_ready`."""
    reserved_requests.added[request.id] = request
    scheduled_requests.added.pop(request.id, None)


def task_scheduled(request: Request) -> None:
    """Add a request to those that wait for their time, until `task_reserved` or `task_ready`."""
    scheduled_requests.added[request.id] = request


def task_accepted(request: Request) -> None:
    """Add a request to those that run, until `task_ready`."""
    active_requests.added[request.id] = request


def task_ready(request: Request, successful: bool = False) -> None:
    """Remove a request that was added."""
    for held in (reserved_requests, active_requests, scheduled_requests):
        held.added.pop(request.id, None)
