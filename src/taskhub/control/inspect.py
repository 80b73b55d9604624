"""Inspection of workers (`app.control.inspect()`), as Celery's `Inspect`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from taskhub.control.broadcast import ReplyCallback
from taskhub.current import current_app
from taskhub.names import check_id

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: What each node replied, `{node: reply}`; the reply itself if one node was named as text;
#: None: nobody replied.
ReplyCollector = Any


def flatten_reply(reply: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return `[{node: reply}, ...]` as one dictionary."""
    return {node: value for item in reply for node, value in item.items()}


class Inspect:
    """Requests replies of the workers that are there, and returns when all have answered.

    Args:
        destination: The nodes that answer: a list of names; or one name, whose reply is then
            returned by itself.
        timeout: Seconds to wait for replies.
        callback: Called with each node's reply, `{node: reply}`, as it comes.
        connection: Accepted as Celery's, not used.
        limit: Return after so many replies.
        pattern: Only nodes whose names match.
        matcher: How: "glob" (the default) or "pcre".
    """

    def __init__(
        self,
        destination: Sequence[str] | str | None = None,
        timeout: float | None = 1.0,
        callback: ReplyCallback | None = None,
        connection: Any = None,
        app: Celery | None = None,
        limit: int | None = None,
        pattern: str | None = None,
        matcher: str | None = None,
    ) -> None:
        if app is None:
            app = current_app()
        self.app = app
        self.destination = destination
        self.timeout = timeout
        self.callback = callback
        self.connection = connection
        self.limit = limit
        self.pattern = pattern
        self.matcher = matcher

    def _request(self, command: str, **kwargs: Any) -> ReplyCollector:
        destination = self.destination
        replies = self.app.control.broadcast(
            command,
            arguments=kwargs,
            destination=[destination] if isinstance(destination, str) else destination,
            callback=self.callback,
            limit=self.limit,
            timeout=self.timeout,
            reply=True,
            pattern=self.pattern,
            matcher=self.matcher,
        )
        return self._prepare(replies)

    def _prepare(self, replies: list[dict[str, Any]] | None) -> ReplyCollector:
        if not replies:
            return None
        by_node = flatten_reply(replies)
        if isinstance(self.destination, str):
            return by_node.get(self.destination)
        if self.pattern:
            return {node: reply for node, reply in by_node.items() if self._matches(node)}
        return by_node

    def _matches(self, node: str) -> bool:
        assert self.pattern is not None
        if self.matcher == "pcre":
            return re.match(self.pattern, node) is not None
        return fnmatch(node, self.pattern)

    # -- tasks

    def active(self, safe: bool | None = None) -> ReplyCollector:
        """Return the tasks that run: `{node: [task, ...]}`, a task as of `query_task`.

        Args:
            safe: Arguments as text.
        """
        return self._request("active", safe=safe)

    def reserved(self, safe: bool | None = None) -> ReplyCollector:
        """Return the tasks that workers hold and have not begun: `{node: [task, ...]}`."""
        return self._request("reserved", safe=safe)

    def scheduled(self, safe: bool | None = None) -> ReplyCollector:
        """Return delayed tasks: `{node: [{"eta", "priority", "request"}, ...]}`, by time.

        They wait in the store. Each is reported by one of the workers that consume from its queue,
        so none is there twice; each worker reports the first 1,000.
        """
        return self._request("scheduled", safe=safe)

    def revoked(self) -> ReplyCollector:
        """Return revoked ids: `{node: [id, ...]}`, the same for every node."""
        return self._request("revoked")

    def query_task(self, *ids: Any) -> ReplyCollector:
        """Return what workers know of tasks that they hold: `{node: {id: [state, task]}}`.

        The state is "active" or "reserved". A task has id, name, args, kwargs, type, hostname,
        time_start (seconds since the epoch), acknowledged, delivery_info (exchange, routing_key,
        priority, redelivered) and worker_pid.

        Args:
            ids: The tasks; a list of them counts as them.
        """
        if len(ids) == 1 and isinstance(ids[0], list | tuple):
            ids = tuple(ids[0])
        checked = [check_id("the id of a task", task_id) for task_id in ids]
        return self._request("query_task", ids=checked)

    # -- workers

    def ping(self, destination: Sequence[str] | str | None = None) -> ReplyCollector:
        """Ping workers: `{node: {"ok": "pong"}}`."""
        if destination:
            self.destination = destination
        return self._request("ping")

    def stats(self) -> ReplyCollector:
        """Return statistics of each worker; those of its processes are added up.

        They are: total (by task), pid, clock, uptime (seconds), pool, broker, prefetch_count,
        rusage.
        """
        return self._request("stats")

    def report(self) -> ReplyCollector:
        """Return a text for bug reports: `{node: {"ok": text}}`."""
        return self._request("report")

    def conf(self, with_defaults: bool = False) -> ReplyCollector:
        """Return the settings of each worker, secrets masked: those that were set, or all."""
        return self._request("conf", with_defaults=with_defaults)

    def registered(self, *taskinfoitems: str) -> ReplyCollector:
        """Return the tasks that each worker knows: `{node: ["name [attribute=value ...]", ...]}`.

        Args:
            taskinfoitems: The attributes that are shown (default: exchange, routing_key,
                rate_limit), where they are set.
        """
        return self._request("registered", taskinfoitems=list(taskinfoitems))

    registered_tasks = registered

    def active_queues(self) -> ReplyCollector:
        """Return the queues of each worker, as kombu describes them: `{node: [{"name", ...}]}`."""
        return self._request("active_queues")

    def clock(self) -> ReplyCollector:
        """Return the logical clock of each worker: `{node: {"clock": number}}`."""
        return self._request("clock")

    def hello(self, from_node: str, revoked: Any = None) -> ReplyCollector:
        """Return what a new worker learns from others: revoked ids and the logical clock."""
        return self._request("hello", from_node=from_node, revoked=revoked)

    # -- debugging

    def memsample(self) -> ReplyCollector:
        """Take a sample of the resident memory of each process: `{node: "32.5MB; 31.1MB"}`."""
        return self._request("memsample")

    def memdump(self, samples: int = 10) -> ReplyCollector:
        """Return the samples taken so far, as text, and forget them."""
        return self._request("memdump", samples=samples)

    def objgraph(self, type: str = "Context", n: int = 200, max_depth: int = 10) -> ReplyCollector:
        """Draw what keeps objects of a type alive (needs objgraph): `{node: {"filename"}}`."""
        return self._request("objgraph", num=n, max_depth=max_depth, type=type)
