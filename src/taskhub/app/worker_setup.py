"""Setup of an app's broker for worker processes; programs that only send never load it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dramatiq.middleware import Middleware

from taskhub.app.database_results import mirror_results
from taskhub.engine.dramatiq.boot_obstacles import check_patched_in_time
from taskhub.task.trace import traced
from taskhub.worker.middleware import add_worker_middleware
from taskhub.worker.node import node_signals_of

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.engine.dramatiq.broker import EngineBroker


def set_up_worker(broker: EngineBroker, app: Any, boot: Callable[[], None]) -> None:
    """Get an app's broker ready for workers.

    They run the app's steps, and tasks through what monitoring libraries wrap around them.

    Raises:
        ImproperlyConfigured: Dramatiq's middleware cannot be made in this program.
    """
    check_patched_in_time()

    def start() -> None:
        boot()
        mirror_results(app)

    add_worker_middleware(broker, app, start, app.participation)
    broker.wrap_actor = traced
    broker.add_middleware(StepsMiddleware(app))


class StepsMiddleware(Middleware):
    """Starts an app's steps in each worker process, and stops them."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._runner: Any = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Start the steps.

        Raises:
            Exception: What a step raises; the worker does not start then.
        """
        if not any(self._app.steps.values()):
            return
        self._runner = self._app.step_runner(node_signals_of(broker).node)
        self._runner.begin()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Close the steps: the worker begins to end."""
        if self._runner is not None:
            self._runner.close()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Stop the steps."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.end()
