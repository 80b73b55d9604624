"""`app.control`: commands to workers, as Celery's `Control`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.control import asking, revoking
from taskhub.control.asking import ReplyCallback
from taskhub.control.inspect import Inspect
from taskhub.worker.commands.letter import MATCHERS, Command
from taskhub.worker.commands.revoking import as_headers, as_ids
from taskhub.worker.limits.executions import signal_number

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: A reply of each node: `[{node: reply}, ...]`; None: none were waited for.
ControlReplies = list[dict[str, Any]] | None

#: What a running task is ended with unless the caller says otherwise.
TERM = "SIGTERM"


class Control:
    """Sends commands to all workers of an app, or to some.

    Every command takes the options of `broadcast`. Without `reply=True` it returns None at once; workers that are away
    for a moment hear it when they come back.
    """

    def __init__(self, app: Celery) -> None:
        self.app = app

    def inspect(
        self,
        destination: Sequence[str] | str | None = None,
        timeout: float | None = 1.0,
        callback: ReplyCallback | None = None,
        connection: Any = None,
        app: Celery | None = None,
        limit: int | None = None,
        pattern: str | None = None,
        matcher: str | None = None,
    ) -> Inspect:
        """Return what asks workers how they are; parameters as `broadcast`."""
        return Inspect(
            destination,
            timeout,
            callback,
            connection,
            app or self.app,
            limit,
            pattern,
            matcher,
        )

    # -- the store

    def purge(self, connection: Any = None) -> int:
        """Drop what waits in all the app's queues, the delayed included; returns how many messages that were."""
        return sum(self.app.engine.purge(name) for name in self.queues())

    discard_all = purge

    def queues(self) -> list[str]:
        """Return the app's queues: those of its settings, and of its tasks."""
        app = self.app
        app.finalize(auto=True)
        names = {*app.routes.names, *app.amqp.queues, *app.broker.get_declared_queues()}
        return sorted(names)

    # -- tasks

    def revoke(
        self,
        task_id: Any,
        destination: Sequence[str] | None = None,
        terminate: bool = False,
        signal: str | int | None = TERM,
        **kwargs: Any,
    ) -> ControlReplies:
        """See to it that tasks are not run.

        Those that wait end as REVOKED at once, with or without workers; ids that come later are remembered for the
        setting `revocation_expires`.

        Parameters:
          task_id: an id, or several.
          terminate: end those that run, too.
          signal: kept for Celery's sake; only SIGUSR1 differs: the task may handle it, as `SoftTimeLimitExceeded`.

        Raises:
          ValueError: there is no such signal.
        """
        arguments = {"task_id": task_id, "terminate": terminate, "signal": signal}
        return self.broadcast("revoke", arguments, destination, **kwargs)

    def terminate(
        self,
        task_id: Any,
        destination: Sequence[str] | None = None,
        signal: str | int | None = TERM,
        **kwargs: Any,
    ) -> ControlReplies:
        """Revoke tasks, and end those that run."""
        return self.revoke(task_id, destination, terminate=True, signal=signal, **kwargs)

    def revoke_by_stamped_headers(
        self,
        headers: Mapping[str, Any],
        destination: Sequence[str] | None = None,
        terminate: bool = False,
        signal: str | int | None = TERM,
        **kwargs: Any,
    ) -> ControlReplies:
        """Revoke the tasks that carry one of these stamps.

        Parameters:
          headers: stamps, each with a value or a list of values.
        """
        arguments = {"headers": headers, "terminate": terminate, "signal": signal}
        return self.broadcast("revoke_by_stamped_headers", arguments, destination, **kwargs)

    def rate_limit(
        self,
        task_name: str,
        rate_limit: str | float | None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> ControlReplies:
        """Set how often a task may run, e.g. "10/m"; 0 or None: as often as it is called."""
        arguments = {"task_name": task_name, "rate_limit": rate_limit}
        return self.broadcast("rate_limit", arguments, destination, **kwargs)

    def time_limit(
        self,
        task_name: str,
        soft: float | None = None,
        hard: float | None = None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> ControlReplies:
        """Set how long a task may run, seconds; calls that are running keep the limits that they began with."""
        arguments = {"task_name": task_name, "hard": hard, "soft": soft}
        return self.broadcast("time_limit", arguments, destination, **kwargs)

    # -- queues

    def add_consumer(
        self,
        queue: str,
        exchange: str | None = None,
        exchange_type: str = "direct",
        routing_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> ControlReplies:
        """Let workers serve a queue, too. A queue is a name here: exchange and routing key change nothing."""
        arguments = {
            "queue": queue,
            "exchange": exchange,
            "exchange_type": exchange_type,
            "routing_key": routing_key,
            **(options or {}),
        }
        return self.broadcast("add_consumer", arguments, destination, **kwargs)

    def cancel_consumer(
        self, queue: str, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Let workers serve a queue no longer."""
        return self.broadcast("cancel_consumer", {"queue": queue}, destination, **kwargs)

    # -- workers

    def ping(
        self,
        destination: Sequence[str] | None = None,
        timeout: float | None = 1.0,
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Ask who is there: `[{"celery@host": {"ok": "pong"}}]`."""
        kwargs["reply"] = True
        replies = self.broadcast("ping", {}, destination, timeout=timeout, **kwargs)
        return replies or []

    def pool_grow(
        self, n: int = 1, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Let workers run `n` more processes."""
        return self.broadcast("pool_grow", {"n": n}, destination, **kwargs)

    def pool_shrink(
        self, n: int = 1, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Let workers run `n` processes less, but at least one; those that go finish what they have begun."""
        return self.broadcast("pool_shrink", {"n": n}, destination, **kwargs)

    def pool_restart(
        self,
        modules: Sequence[str] | None = None,
        reload: bool = False,
        reloader: Any = None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> ControlReplies:
        """Replace worker processes, one after another, by new ones (with the setting `worker_pool_restarts`).

        New processes import everything afresh, so `modules`, `reload` and `reloader` change nothing.
        """
        arguments = {"modules": modules, "reload": reload, "reloader": None}
        return self.broadcast("pool_restart", arguments, destination, **kwargs)

    def autoscale(
        self, max: int, min: int, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Change the bounds of the number of processes, in workers that were started with `--autoscale`."""
        return self.broadcast("autoscale", {"max": max, "min": min}, destination, **kwargs)

    def shutdown(self, destination: Sequence[str] | None = None, **kwargs: Any) -> ControlReplies:
        """Let workers finish the tasks that run, and end."""
        return self.broadcast("shutdown", {}, destination, **kwargs)

    # -- events

    def enable_events(
        self, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Let workers send events about tasks."""
        return self.broadcast("enable_events", {}, destination, **kwargs)

    def disable_events(
        self, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Let workers send no events about tasks."""
        return self.broadcast("disable_events", {}, destination, **kwargs)

    def heartbeat(self, destination: Sequence[str] | None = None, **kwargs: Any) -> ControlReplies:
        """Let workers send their event `worker-heartbeat` now."""
        return self.broadcast("heartbeat", {}, destination, **kwargs)

    def election(self, id: str, topic: str, action: Any = None, connection: Any = None) -> None:
        """There are no elections here: workers say so in their logs, or reply so to a `broadcast`."""
        self.broadcast("election", {"id": id, "topic": topic, "action": action})

    # -- all of them

    def broadcast(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        destination: Sequence[str] | None = None,
        connection: Any = None,
        reply: bool = False,
        timeout: float | None = 1.0,
        limit: int | None = None,
        callback: ReplyCallback | None = None,
        channel: Any = None,
        pattern: str | None = None,
        matcher: str | None = None,
        **extra_kwargs: Any,
    ) -> ControlReplies:
        """Send a command to workers.

        Parameters:
          command: its name.
          arguments: what it is called with; `extra_kwargs` are added.
          destination: the nodes that are meant; None: all.
          connection, channel: accepted as Celery's, not used.
          reply: wait for the replies of the workers that are there, and return them.
          timeout: seconds to wait for them.
          limit: return after so many replies.
          callback: called with each reply, `{node: reply}`, as it comes.
          pattern: only nodes whose names match.
          matcher: how: "glob" (the default) or "pcre".

        Raises:
          EncodeError: an argument cannot be serialized.
          OperationalError: the store is out of reach.
          ValueError: `destination` is no list, or `matcher` is unknown.
        """
        if destination is not None and not isinstance(destination, list | tuple):
            raise ValueError(f"destination must be a list/tuple not {type(destination)}")
        if matcher is not None and matcher not in MATCHERS:
            raise ValueError(f"matcher must be one of {', '.join(MATCHERS)}, not {matcher!r}")
        asked = Command(
            method=command,
            sender=asking.sender(),
            arguments={**(arguments or {}), **extra_kwargs},
            destination=tuple(destination) if destination else None,
            pattern=pattern,
            matcher=matcher or "glob",
            ticket=asking.new_ticket() if reply else None,
            expires=self._expires(reply, timeout),
            clock=self.app.clock.forward(),
        )
        self._in_the_store(asked)
        if not reply:
            asking.tell(self.app, asked)
            return None
        return asking.ask(self.app, asked, timeout, limit, callback)

    def _expires(self, reply: bool, timeout: float | None) -> int:
        """Return for how long a command may be heard, ms: nobody wants a late reply; what is to be done can wait."""
        wanted = timeout if reply else self.app.conf.control_queue_ttl
        return int((asking.TIMEOUT if wanted is None else wanted) * 1000)

    def _in_the_store(self, command: Command) -> None:
        """Do that part of a command that needs no worker."""
        arguments = command.arguments
        if command.method in ("revoke", "terminate"):
            signal_number(arguments.get("signal"))
            revoking.revoke_ids(self.app, as_ids(arguments.get("task_id")))
        elif command.method == "revoke_by_stamped_headers":
            signal_number(arguments.get("signal"))
            revoking.revoke_stamps(self.app, as_headers(arguments.get("headers") or {}))
