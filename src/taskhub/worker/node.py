"""The node: this worker process as the sender of Celery's signals about workers."""

from __future__ import annotations

import os
from typing import Any, Protocol

from dramatiq.middleware import Middleware

from taskhub import signals
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.port.engine import Engine


class AppOfWorker(Protocol):
    """The app of a worker, as far as workers use it."""

    @property
    def engine(self) -> Engine:
        """Where messages come from."""
        ...

    @property
    def conf(self) -> Any:
        """Its configuration."""
        ...

    @property
    def main(self) -> str | None:
        """Its name."""
        ...


class Node:
    """A worker process, with the attributes that receivers of Celery's signals read.

    Args:
        app: Its app.
    """

    def __init__(self, app: AppOfWorker) -> None:
        self.app = app
        #: The broker of the app; set when it is made.
        self.broker: EngineBroker | None = None
        #: How many tasks it runs at once, once it has begun.
        self.concurrency: int | None = None

    @property
    def hostname(self) -> str:
        """The node name, e.g. "celery@host"; the same in all processes of a worker."""
        return "" if self.broker is None else self.broker.nodename

    @property
    def pid(self) -> int:
        """Its process id."""
        return os.getpid()

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that it serves, once it has begun."""
        exchange_loop = None if self.broker is None else self.broker.exchange_loop
        return () if exchange_loop is None else exchange_loop.queues

    @property
    def controller(self) -> Node:
        """Itself: Celery's signals come from a consumer, which names its worker so."""
        return self

    @property
    def consumer(self) -> Node:
        """Itself: Celery's workers name their consumer so."""
        return self

    def __repr__(self) -> str:
        return f"<Worker: {self.hostname}>"


class NodeSignals(Middleware):
    """Sends the signals about this worker process, from its boot to its end.

    Its supervisor runs no code of users, so the signals that Celery sends from there are sent here,
    too.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self._registered = False

    def register_worker(self, options: dict[str, Any] | None = None) -> None:
        """Send `celeryd_init` and `worker_init`, once; receivers may still change the settings.

        Args:
            options: Those of the command line, by name.
        """
        if not self._registered:
            self._registered = True
            node = self.node
            signals.celeryd_init.send(
                node.hostname, instance=node, conf=node.app.conf, options=options or {}
            )
            signals.worker_init.send(node)

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        node = self.node
        self.register_worker()
        node.concurrency = worker.worker_threads
        signals.celeryd_after_setup.send(node.hostname, instance=node, conf=node.app.conf)
        signals.worker_before_create_process.send(node)
        signals.worker_process_init.send(node.hostname)

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        signals.worker_ready.send(self.node)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        signals.worker_shutting_down.send(self.node.hostname, sig="SIGTERM", how="Warm", exitcode=0)

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        node = self.node
        signals.worker_process_shutdown.send(node.hostname, pid=node.pid, exitcode=0)
        signals.worker_shutdown.send(node)


def node_signals_of(broker: EngineBroker) -> NodeSignals:
    """Return the middleware that sends the signals about the workers of a broker."""
    return next(
        middleware for middleware in broker.middleware if isinstance(middleware, NodeSignals)
    )
