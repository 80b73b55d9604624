"""Public information about an app's stores (`app.store`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.config.urls import StoreURL
    from taskhub.control.backlog import Backlog
    from taskhub.engine.port.locks import Locks
    from taskhub.health import Check
    from taskhub.worker.leases.worker_info import WorkerInfo


class AppStore:
    """Where messages and results are, whether the servers answer, and what is there.

    What asks a server raises `OperationalError` if that is out of reach.

    Args:
        app: The app.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    @property
    def url(self) -> StoreURL | None:
        """The URL of the store; None: in this process. Starts the development store if need be."""
        stores = self._app.engine.stores
        if not stores.is_shared:
            return None
        url = stores.broker
        # Celery's place for the name of the sentinels' master.
        master = url.service_name or stores.broker_options.get("master_name")
        return replace(url, service_name=master)

    @property
    def key_prefix(self) -> str:
        """The prefix of this app's keys, results excepted; also for keys of the application."""
        return self.key_prefixes[0]

    @property
    def key_prefixes(self) -> tuple[str, str, str]:
        """The prefixes of this app's keys: of messages, of task results, of group results."""
        from taskhub.app.stores import engine_rules

        rules = engine_rules(self._app.conf)
        results = rules.results_prefix
        return rules.keys, f"{results}celery-task-meta-", f"{results}celery-taskset-meta-"

    @property
    def locks(self) -> Locks:
        """Locks held by a task, released at its end: `acquire_lock` and `release_lock`."""
        return self._app.engine.locks

    def checks(self) -> dict[str, Callable[[], Check]]:
        """Return checks of the servers, as `broker` and `results`; none for a store in memory."""
        from taskhub.engine.factory import look_at_server

        stores = self._app.engine.stores
        if not stores.is_shared:
            return {}

        def check(url: StoreURL, options: Mapping[str, Any]) -> Check:
            return look_at_server(url, options, client_name="taskhub-status").check

        return {
            "broker": partial(check, stores.broker, stores.broker_options),
            "results": partial(check, stores.results, stores.results_options),
        }

    def workers(self) -> list[WorkerInfo]:
        """Return the worker processes whose leases have not expired."""
        from taskhub.control.broadcast import live_worker_infos

        return list(live_worker_infos(self._app).values())

    def queues(self) -> list[Backlog]:
        """Return the backlog of each queue that was ever used, its age and consumers."""
        from taskhub.control.backlog import backlogs
        from taskhub.control.broadcast import live_worker_infos

        return backlogs(self._app, live_worker_infos(self._app))

    def dead_letters(self) -> int:
        """Return the number of dead letters."""
        return self._app.engine.dead_count()

    def counts(self, minutes: Sequence[int]) -> Sequence[Mapping[str, int]]:
        """Return the counts of outcomes in some minutes since the epoch (`taskhub.statistics`)."""
        return self._app.engine.counts(minutes)

    def failures(self, minutes: Sequence[int]) -> Sequence[Mapping[str, str]]:
        """Return the failures in some minutes since the epoch, for `taskhub.statistics`."""
        return self._app.engine.failures(minutes)
