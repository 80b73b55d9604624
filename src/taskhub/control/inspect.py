"""`app.control.inspect()`: questions to workers, as Celery's `Inspect`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from taskhub.control.asking import ReplyCallback

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: What each node replied, `{node: reply}`; the reply itself if one node was asked by its name; None: nobody replied.
Replies = Any


def flatten_reply(reply: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return `[{node: reply}, ...]` as one dictionary."""
    return {node: value for item in reply for node, value in item.items()}


class Inspect:
    """Asks the workers that are there, and returns as soon as they have answered.

    Parameters:
      destination: the nodes that are asked: a list of names; or one name, whose reply is then returned by itself.
      timeout: seconds to wait for replies.
      callback: called with each node's reply, `{node: reply}`, as it comes.
      connection: accepted as Celery's, not used.
      limit: return after so many replies.
      pattern: only nodes whose names match.
      matcher: how: "glob" (the default) or "pcre".
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
            from taskhub.app.current import current_app

            app = current_app()
        self.app = app
        self.destination = destination
        self.timeout = timeout
        self.callback = callback
        self.connection = connection
        self.limit = limit
        self.pattern = pattern
        self.matcher = matcher

    def _request(self, command: str, **kwargs: Any) -> Replies:
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

    def _prepare(self, replies: list[dict[str, Any]] | None) -> Replies:
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

    def active(self, safe: bool | None = None) -> Replies:
        """Return the tasks that run: `{node: [task, ...]}`, a task as `query_task` tells it.

        Parameters:
          safe: arguments as text.
        """
        return self._request("active", safe=safe)

    def reserved(self, safe: bool | None = None) -> Replies:
        """Return the tasks that workers hold and have not begun: `{node: [task, ...]}`."""
        return self._request("reserved", safe=safe)

    def scheduled(self, safe: bool | None = None) -> Replies:
        """Return the tasks for later: `{node: [{"eta", "priority", "request": task}, ...]}`, the soonest first.

        They wait in the store. Each is told of by one worker of those that would take it, so none is there twice; of
        each worker the first 1,000 are told.
        """
        return self._request("scheduled", safe=safe)

    def revoked(self) -> Replies:
        """Return the ids that are remembered as revoked: `{node: [id, ...]}`, the same for every node."""
        return self._request("revoked")

    def query_task(self, *ids: Any) -> Replies:
        """Return what workers know of tasks that they hold: `{node: {id: [state, task]}}`.

        The state is "active" or "reserved". A task has id, name, args, kwargs, type, hostname, time_start (seconds
        since the epoch), acknowledged, delivery_info (exchange, routing_key, priority, redelivered) and worker_pid.

        Parameters:
          ids: the tasks; a list of them counts as them.
        """
        if len(ids) == 1 and isinstance(ids[0], list | tuple):
            ids = tuple(ids[0])
        return self._request("query_task", ids=list(ids))

    # -- workers

    def ping(self, destination: Sequence[str] | str | None = None) -> Replies:
        """Ask who is there: `{node: {"ok": "pong"}}`."""
        if destination:
            self.destination = destination
        return self._request("ping")

    def stats(self) -> Replies:
        """Return numbers about each worker: total (by task), pid, clock, uptime (seconds), pool, broker,
        prefetch_count, rusage. Those of a worker's processes are added up.
        """
        return self._request("stats")

    def report(self) -> Replies:
        """Return a text for bug reports: `{node: {"ok": text}}`."""
        return self._request("report")

    def conf(self, with_defaults: bool = False) -> Replies:
        """Return the settings of each worker, secrets masked: those that were set, or all."""
        return self._request("conf", with_defaults=with_defaults)

    def registered(self, *taskinfoitems: str) -> Replies:
        """Return the tasks that each worker knows: `{node: ["name [attribute=value ...]", ...]}`.

        Parameters:
          taskinfoitems: the attributes that are told (default: exchange, routing_key, rate_limit), where they are set.
        """
        return self._request("registered", taskinfoitems=list(taskinfoitems))

    registered_tasks = registered

    def active_queues(self) -> Replies:
        """Return the queues that each worker serves, as kombu describes queues: `{node: [{"name", ...}, ...]}`."""
        return self._request("active_queues")

    def clock(self) -> Replies:
        """Return the logical clock of each worker: `{node: {"clock": number}}`."""
        return self._request("clock")

    def hello(self, from_node: str, revoked: Any = None) -> Replies:
        """Return what a new worker is told: revoked ids and the logical clock."""
        return self._request("hello", from_node=from_node, revoked=revoked)

    # -- debugging

    def memsample(self) -> Replies:
        """Take a sample of the resident memory of each process: `{node: "32.5MB; 31.1MB"}`."""
        return self._request("memsample")

    def memdump(self, samples: int = 10) -> Replies:
        """Return the samples taken so far, as text, and forget them."""
        return self._request("memdump", samples=samples)

    def objgraph(self, type: str = "Context", n: int = 200, max_depth: int = 10) -> Replies:
        """Draw what keeps objects of a type alive (needs the package objgraph in workers): `{node: {"filename"}}`."""
        return self._request("objgraph", num=n, max_depth=max_depth, type=type)
