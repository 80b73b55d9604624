"""`app.control`: commands to workers, as Celery's `Control`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.call.values import check_seconds
from taskhub.control import broadcast, revocation
from taskhub.control.broadcast import ReplyCallback
from taskhub.control.inspect import Inspect
from taskhub.names import check_queue
from taskhub.rates import per_second
from taskhub.worker.control.commands.revocation import as_headers, as_ids
from taskhub.worker.control.messages import MATCHERS, Command
from taskhub.worker.limits.executions import signal_number

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: A reply of each node: `[{node: reply}, ...]`; None: replies were not requested.
ControlReplies = list[dict[str, Any]] | None

#: The default signal that ends a running task.
TERM = "SIGTERM"


class Control:
    """Sends commands to all workers of an app, or to some.

    Every command takes the options of `broadcast`. Without `reply=True` it returns None at once;
    workers that have lost their connection get it when they are connected again.
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
        """Return an inspector of workers; parameters as of `broadcast`."""
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
        """Delete the messages of the app's queues, delayed ones too; returns how many."""
        return sum(self.app.engine.purge(name) for name in self.queues())

    discard_all = purge

    def queues(self) -> list[str]:
        """Return the app's queues: those of its settings, and of its tasks."""
        app = self.app
        app.finalize(auto=True)
        names = {*app.routes.names, *app.broker.get_declared_queues()}
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
        """Revoke tasks, so that they are not run.

        Those that wait end as REVOKED at once, with or without workers; the ids are stored for the
        time of the setting `revocation_expires`, and messages that come later end, too.

        Args:
            task_id: An id, or several.
            destination: As of `broadcast`.
            terminate: End those that run, too.
            signal: Accepted as Celery's; only SIGUSR1 differs: the task may handle it, as
                `SoftTimeLimitExceeded`.
            kwargs: As of `broadcast`.

        Raises:
            TypeError: An id is neither text nor a UUID.
            ValueError: There is no such signal, or no task can have such an id.
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

        Args:
            headers: Stamps, each with a value or a list of values.
            destination: As of `broadcast`.
            terminate: End those that run, too.
            signal: As of `revoke`.
            kwargs: As of `broadcast`.
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
        """Set how often a task may run, e.g. "10/m"; 0 or None: as often as it is called.

        Raises:
            ValueError: It is no rate.
        """
        try:
            per_second(rate_limit)
        except ValueError as error:
            raise ValueError(f"rate_limit: {error}") from None
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
        """Set how long a task may run, seconds; running calls keep their limits.

        Raises:
            TypeError: A limit is no number.
            ValueError: It is below 0, or not finite.
        """
        soft, hard = (
            None if value is None else check_seconds(name, value)
            for name, value in (("soft", soft), ("hard", hard))
        )
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
        """Let workers consume from a queue, too; exchange and routing key have no effect."""
        arguments = {
            "queue": check_queue(queue),
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
        """Ping workers: `[{"celery@host": {"ok": "pong"}}]`."""
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
        """Let workers run `n` processes less, at least one; tasks that run are finished."""
        return self.broadcast("pool_shrink", {"n": n}, destination, **kwargs)

    def pool_restart(
        self,
        modules: Sequence[str] | None = None,
        reload: bool = False,
        reloader: Any = None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> ControlReplies:
        """Replace worker processes one after another (needs the setting `worker_pool_restarts`).

        New processes import everything afresh, so `modules`, `reload` and `reloader` change
        nothing.
        """
        arguments = {"modules": modules, "reload": reload, "reloader": None}
        return self.broadcast("pool_restart", arguments, destination, **kwargs)

    def autoscale(
        self, max: int, min: int, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> ControlReplies:
        """Change the bounds of `--autoscale`, in workers that were started with it."""
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
        """Broadcast `election`, which is unsupported: workers log that, or reply so."""
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

        Args:
            command: Its name.
            arguments: What it is called with.
            destination: The nodes that get it; None: all.
            connection: Accepted as Celery's, not used.
            reply: Wait for the replies of the workers that are there, and return them.
            timeout: Seconds to wait for them.
            limit: Return after so many replies.
            callback: Called with each reply, `{node: reply}`, as it comes.
            pattern: Only nodes whose names match.
            channel: Accepted as Celery's, not used.
            matcher: How: "glob" (the default) or "pcre".
            extra_kwargs: Further arguments of the command.

        Raises:
            EncodeError: An argument cannot be serialized.
            OperationalError: The store is out of reach.
            ValueError: `destination` is no list, or `matcher` is unknown.
        """
        if destination is not None and not isinstance(destination, list | tuple):
            raise ValueError(f"destination must be a list/tuple not {type(destination)}")
        if matcher is not None and matcher not in MATCHERS:
            raise ValueError(f"matcher must be one of {', '.join(MATCHERS)}, not {matcher!r}")
        message = Command(
            method=command,
            sender=broadcast.sender(),
            arguments={**(arguments or {}), **extra_kwargs},
            destination=tuple(destination) if destination else None,
            pattern=pattern,
            matcher=matcher or "glob",
            reply_to=broadcast.new_reply_to() if reply else None,
            expires=self._expires(reply, timeout),
            clock=self.app.clock.forward(),
        )
        self._apply_in_store(message)
        if not reply:
            broadcast.send_command(self.app, message)
            return None
        return broadcast.collect_replies(self.app, message, timeout, limit, callback)

    def _expires(self, reply: bool, timeout: float | None) -> int:
        """Return after how many ms a command expires: with a reply, when nobody waits any more."""
        wanted = timeout if reply else self.app.conf.control_queue_ttl
        return int((broadcast.TIMEOUT if wanted is None else wanted) * 1000)

    def _apply_in_store(self, command: Command) -> None:
        """Apply the part of a command that needs no worker."""
        arguments = command.arguments
        if command.method in ("revoke", "terminate"):
            signal_number(arguments.get("signal"))
            revocation.revoke_ids(self.app, as_ids(arguments.get("task_id")))
        elif command.method == "revoke_by_stamped_headers":
            signal_number(arguments.get("signal"))
            revocation.revoke_stamps(self.app, as_headers(arguments.get("headers") or {}))
