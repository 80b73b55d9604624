"""The way out for calls: from what the caller said to a message on the engine, or to an eager
run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taskhub.app import stores
from taskhub.app.collector import Collector
from taskhub.app.publishing import Call, Publication, Publishing
from taskhub.app.routing import Routes
from taskhub.canvas.outbox import Outbox, open_outbox
from taskhub.engine.port import RetryPolicy
from taskhub.message import Envelope, decode_body, new_task_id
from taskhub.result import AsyncResult
from taskhub.task import calling
from taskhub.worker.context import Context, current_request

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.signature import Signature
    from taskhub.task.running import RunningTask
    from taskhub.task.task import Task


class Calls:
    """Sends an app's calls, by the app's configuration as it is at the first one."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    @cached_property
    def routes(self) -> Routes:
        """Where calls go."""
        conf = self._app.conf
        return Routes(
            conf.task_routes,
            conf.task_queues,
            conf.task_default_queue,
            conf.task_create_missing_queues,
        )

    @cached_property
    def publishing(self) -> Publishing:
        """Who tells of calls."""
        return Publishing(self._app)

    @cached_property
    def defaults(self) -> calling.CallDefaults:
        """What the configuration adds to every call."""
        conf = self._app.conf
        return calling.CallDefaults(
            conf.task_serializer,
            conf.task_default_priority,
            self._app.timezone,
            conf.task_inherit_parent_priority,
        )

    def queue(
        self, options: Mapping[str, Any], name: str, args: Any, kwargs: Any, task: Any
    ) -> str:
        """Return the queue of a call.

        Raises:
          QueueNotFound: it is not configured, and `task_create_missing_queues` is off.
        """
        return self.routes.queue(self.routes.options(options, name, args, kwargs, task))

    def envelope(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task_id: str,
        options: Mapping[str, Any],
        task: RunningTask[Any, Any] | None = None,
        parent: Context | None = None,
        published: list[Publication] | None = None,
    ) -> Envelope:
        """Return the stored form of a call.

        Parameters:
          published: gets the call if `publishing.after` is to tell of it; None: the outbox that is
            open gets it or, where there is none, it leaves in a commit, and is told of at once.

        Raises:
          EncodeError: an argument cannot be serialized.
          ValueError: an option is out of range.
        """
        routed = self.routes.options(options, name, args, kwargs, task)
        defaults = self.defaults
        stored = calling.message_options(routed, defaults, parent, task_id)
        due = calling.AT_ONCE
        if routed:
            due = calling.due(routed.get("countdown"), routed.get("eta"), defaults.timezone)
        call = Call(name, task_id, self.routes.queue(routed), args or (), kwargs or {}, stored, due)
        if self.publishing.is_watched:
            call, shown = self.publishing.before(call, routed, defaults.timezone)
            self._published(shown, published)
        return calling.envelope(
            task_name=call.name,
            task_id=task_id,
            queue=call.queue,
            args=call.args,
            kwargs=call.kwargs,
            stored=call.stored,
            due=call.due,
            serializer=routed.get("serializer") or defaults.serializer,
        )

    def _published(self, shown: Publication, published: list[Publication] | None) -> None:
        outbox = open_outbox()
        if published is not None:
            published.append(shown)
        elif outbox is not None:
            outbox.published.append(shown)
        else:
            self.publishing.after([shown])

    def envelope_of(self, signature: Signature, task: RunningTask[Any, Any]) -> Envelope:
        """Return the stored form of the call of a task that a signature describes.

        Raises:
          TypeError: the arguments do not fit the task.
        """
        options, args, kwargs = signature.options, signature.args, signature.kwargs
        if task._check_arguments is not None:
            task._check_arguments(*args, **kwargs)
        task_id = options.get("task_id") or new_task_id()
        return self.envelope(task.name, args, kwargs, task_id, options, task)

    def send(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task_id: str | None,
        options: Mapping[str, Any],
        *,
        task: Task[Any, Any] | None = None,
    ) -> AsyncResult[Any]:
        """Send a call and return its result; the one way out for every call."""
        app = self._app
        task_id = task_id or new_task_id()
        parent = _parent()
        outbox = open_outbox()
        published: list[Publication] = [] if outbox is None else outbox.published
        envelope = self.envelope(name, args, kwargs, task_id, options, task, parent, published)
        if outbox is not None:
            outbox.messages.append(envelope)
        else:
            app.broker.send(envelope, self._retry_policy(options))
            if published:
                self.publishing.after(published)
        make = options.get("result_cls")
        result: AsyncResult[Any] = (
            make(task_id) if make else AsyncResult(task_id, app=app, task_name=name)
        )
        ignored = options.get("ignore_result")
        result.ignored = bool(task.ignore_result if ignored is None and task else ignored)
        if parent is not None and options.get("add_to_parent", True) and parent._task is not None:
            parent._task.add_trail(result)
        return result

    def collector(
        self, outbox: Outbox, args: Any, kwargs: Any, options: Mapping[str, Any]
    ) -> Collector:
        """Return what collects the members of a canvas that are called with these."""
        return Collector(self, outbox, args, kwargs, options, _parent())

    def send_all(self, outbox: Outbox, options: Mapping[str, Any]) -> None:
        """Send what a canvas has collected, in as few trips as possible."""
        self._app.broker.send_all(
            outbox.messages, outbox.chords, outbox.chains, self._retry_policy(options)
        )
        self.publishing.after(outbox.published)

    def _retry_policy(self, options: Mapping[str, Any]) -> RetryPolicy | None:
        retry, policy = options.get("retry"), options.get("retry_policy")
        return stores.retry_policy(self._app.conf, retry, policy)

    def eagerly(
        self, task: Task[Any, Any], args: Any, kwargs: Any, task_id: str | None, options: Any
    ) -> Any:
        """Run a call here and now (`task_always_eager`), with arguments as a worker would receive
        them.
        """
        from taskhub.result import denied_join_result
        from taskhub.task.eager import through_serializer

        serializer = options.get("serializer") or self.defaults.serializer
        new_args, new_kwargs = through_serializer(args, kwargs, serializer)
        with denied_join_result():
            return task.apply(new_args, new_kwargs, task_id=task_id, **options)

    def pass_on(self, envelope: Envelope) -> None:
        """Send what an eager call causes; with `task_always_eager`, run it."""
        if not self._app.conf.task_always_eager:
            self._app.broker.send(envelope, stores.retry_policy(self._app.conf, None, None))
            return
        fields = decode_body(envelope.body)
        options = fields["options"]
        task = self._app.tasks[fields["actor_name"]]
        task.apply(
            fields["args"],
            fields["kwargs"],
            task_id=envelope.task_id,
            link=options.get("callbacks"),
            link_error=options.get("errbacks"),
        )


def _parent() -> Context | None:
    """Return the request of the task that makes a call, None outside of tasks."""
    request = current_request()
    if request is None or request.id is None or request.called_directly:
        return None
    return request
