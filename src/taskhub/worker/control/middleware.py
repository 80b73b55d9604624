"""Remote control of a worker process: the middleware that runs the control service."""

from __future__ import annotations

from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware

from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.worker.control.activity import Activity
from taskhub.worker.control.service import ControlService
from taskhub.worker.control.state import ControlledApp, WorkerState
from taskhub.worker.limits.executions import Executions


class RemoteControl(Middleware):
    """Records what runs, and runs a control service for each worker of this process.

    It stands behind the lifecycle in the stack: what that skips does not count as run.

    Args:
        app: The app of the worker.
        executions: Ends tasks that run here.
    """

    def __init__(self, app: ControlledApp, executions: Executions) -> None:
        self._app = app
        self._executions = executions
        self._activity = Activity()
        # By worker.
        self._services: dict[Any, tuple[ControlService, WorkerState]] = {}
        #: The first argument of commands; None: no worker runs in this process.
        self.state: WorkerState | None = None

    def before_process_message(self, broker: Any, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        self._activity.begin(message)

    def after_process_message(
        self,
        broker: Any,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        assert isinstance(message, Delivery)
        self._activity.end(message)

    def after_skip_message(self, broker: Any, message: MessageProxy) -> None:
        # Middleware behind this one may have skipped it.
        assert isinstance(message, Delivery)
        self._activity.end(message)

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        assert isinstance(broker, EngineBroker)
        if broker.exchange_loop_of(worker) is None:
            # It could not start; its starter gets the error.
            return
        state = WorkerState(self._app, broker, self._activity, self._executions)
        state.worker = worker
        self.state = state
        listens = bool(self._app.conf.worker_enable_remote_control)
        service = ControlService(state, listens=listens)
        self._services[worker] = service, state
        service.start()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        service, _ = self._services.pop(worker, (None, None))
        self.state = next((state for _, state in reversed(self._services.values())), None)
        if service is not None:
            service.stop()
