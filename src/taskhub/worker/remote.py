"""Lets a worker process be controlled and inspected: the middleware that notes what runs, and keeps the mailbox."""

from __future__ import annotations

from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware

from taskhub.engine.broker import EngineBroker
from taskhub.engine.delivery import Delivery
from taskhub.worker.activity import Activity
from taskhub.worker.commands.state import ControlledApp, WorkerState
from taskhub.worker.limits.executions import Executions
from taskhub.worker.mailbox import MailboxService


class RemoteControl(Middleware):
    """Behind the lifecycle in the stack: what that skips does not count as run.

    Parameters:
      app: what commands tell of.
      executions: ends tasks that run here.
    """

    def __init__(self, app: ControlledApp, executions: Executions) -> None:
        self._app = app
        self._executions = executions
        self._activity = Activity()
        self._mailbox: MailboxService | None = None
        #: What commands work on; None: no worker runs in this process.
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
        if broker.courier is None:
            # It could not begin; who started it will hear.
            return
        state = WorkerState(self._app, broker, self._activity, self._executions)
        state.worker = worker
        self.state = state
        listens = bool(self._app.conf.worker_enable_remote_control)
        self._mailbox = MailboxService(state, listens=listens)
        self._mailbox.start()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        self.state = None
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            mailbox.stop()
