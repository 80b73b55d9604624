"""Sending of calls: from a caller's arguments and options to a message, or to an eager run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from taskhub import instrumentation
from taskhub.app import stores
from taskhub.app.collector import Collector
from taskhub.app.publication import Call, Publication, Publishing
from taskhub.app.routing import Routes
from taskhub.call.message import (
    CallDefaults,
    build_envelope,
    build_message_options,
    check_arguments,
)
from taskhub.call.options import check_retry_policy
from taskhub.call.values import DUE_NOW, compute_due
from taskhub.canvas.outbox import Outbox, open_outbox, transaction_of_context
from taskhub.config.transport_options import priority_steps
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.exceptions import AlwaysEagerIgnored, ImproperlyConfigured, SerializerNotInstalled
from taskhub.execution.execution import task_of
from taskhub.execution.request import Context, current_request
from taskhub.message import Envelope, PriorityOrder, new_task_id
from taskhub.names import check_id, check_name
from taskhub.outcome import ChordPage
from taskhub.result import AsyncResult
from taskhub.serialization import registry

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.app.eager_calls import EagerCalls
    from taskhub.app.transaction_block import TransactionBlock
    from taskhub.canvas.signature import Signature
    from taskhub.task.task import Task


class Calls:
    """Sends an app's calls; the configuration is read at the first one."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        # The retry policy of calls without one, and the settings that it was made from.
        self._retry_settings: tuple[bool | None, Any] = (None, None)
        self._default_retry: RetryPolicy | None = None

    @cached_property
    def routes(self) -> Routes:
        """The routes of calls."""
        conf = self._app.conf
        return Routes(
            conf.task_routes,
            conf.task_queues,
            conf.task_default_queue,
            conf.task_create_missing_queues,
        )

    @cached_property
    def publishing(self) -> Publishing:
        """Sends signals and events of calls."""
        return Publishing(self._app)

    @cached_property
    def eager(self) -> EagerCalls:
        """Runs calls in this process (`task_always_eager`)."""
        # A program that only sends calls does not load what runs them.
        from taskhub.app.eager_calls import EagerCalls

        return EagerCalls(self._app)

    @cached_property
    def defaults(self) -> CallDefaults:
        """The options that the configuration adds to every call."""
        conf = self._app.conf
        if conf.task_publish_retry_policy:
            check_retry_policy("task_publish_retry_policy", conf.task_publish_retry_policy)
        try:
            # Not where it is set: a serializer may be registered after that.
            registry.content_types(conf.accept_content or ())
        except SerializerNotInstalled as error:
            raise ImproperlyConfigured(f"Setting accept_content: {error}") from None
        return CallDefaults(
            conf.task_serializer,
            conf.task_default_priority,
            # As in Celery, an eta or expiry without a zone is meant in UTC, whatever the app's
            # zone.
            UTC,
            conf.task_inherit_parent_priority,
            conf.task_max_message_size or 0,
            PriorityOrder(priority_steps(conf.broker_transport_options)),
        )

    def queue(
        self, options: Mapping[str, Any], name: str, args: Any, kwargs: Any, task: Any
    ) -> str:
        """Return the queue of a call.

        Raises:
            QueueNotFound: It is not configured, and `task_create_missing_queues` is off.
        """
        return self.routes.queue(self.routes.options(options, name, args, kwargs, task))

    def envelope(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task_id: str,
        options: Mapping[str, Any],
        task: Task[Any, Any] | None = None,
        parent: Context | None = None,
        published: list[Publication] | None = None,
        operation: instrumentation.SendOperation | None = None,
        created: list[instrumentation.Headers] | None = None,
    ) -> Envelope:
        """Return the stored form of a call.

        Args:
            name: The task's name.
            args: Arguments.
            kwargs: Keyword arguments.
            task_id: The call's id.
            options: As of `Task.apply_async`.
            task: The task, if it is known here.
            parent: The request of the task that makes the call.
            published: Receives the call, for `publishing.after`; None: the open outbox receives
                it or, without one, its signals and events are sent at once.
            operation: What instruments see of storing it now; None: it is stored later.
            created: Receives the headers that instruments have added; None: the open outbox does.

        Raises:
            EncodeError: An argument cannot be serialized.
            ValueError: An option is out of range.
        """
        routed = self.routes.options(options, name, args, kwargs, task)
        defaults = self.defaults
        stored = build_message_options(routed, defaults, parent, task_id)
        due = DUE_NOW
        if routed:
            due = compute_due(routed.get("countdown"), routed.get("eta"), defaults.timezone)
        call = Call(name, task_id, self.routes.queue(routed), args or (), kwargs or {}, stored, due)
        if self.publishing.is_watched:
            call, shown = self.publishing.before(call, routed, defaults.timezone)
            self._published(shown, published)
        if instrumentation.active:
            self._instrument(call, operation, created)
        return build_envelope(
            task_name=call.name,
            task_id=task_id,
            queue=call.queue,
            args=call.args,
            kwargs=call.kwargs,
            stored=call.stored,
            due=call.due,
            serializer=routed.get("serializer") or defaults.serializer,
            max_size=defaults.max_message_size,
            order=defaults.order,
        )

    def _instrument(
        self,
        call: Call,
        operation: instrumentation.SendOperation | None,
        created: list[instrumentation.Headers] | None,
    ) -> None:
        """Add the headers of instruments to the options of a call's message."""
        message = instrumentation.OutgoingMessage(
            call.name, call.task_id, call.queue, call.stored, self._app.broker
        )
        added = instrumentation.create(message) if operation is None else operation.send(message)
        if not added:
            return
        call.stored["headers"] = {**instrumentation.headers_of(call.stored), **added}
        outbox = open_outbox()
        if created is not None:
            created.append(added)
        elif outbox is not None:
            outbox.created.append(added)

    def _published(self, shown: Publication, published: list[Publication] | None) -> None:
        outbox = open_outbox()
        if published is not None:
            published.append(shown)
        elif outbox is not None:
            outbox.published.append(shown)
        else:
            self.publishing.after([shown])

    def envelope_of(self, signature: Signature, task: Task[Any, Any]) -> Envelope:
        """Return the stored form of the call of a task that a signature describes.

        Raises:
            TypeError: The arguments do not fit the task.
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
        """Send a call and return its result; every call is sent here."""
        app = self._app
        task_id = check_id("task_id", task_id) if task_id else new_task_id()
        parent = _parent()
        outbox = open_outbox()
        published: list[Publication] = [] if outbox is None else outbox.published
        call = (name, args, kwargs, task_id, options, task, parent, published)
        if outbox is not None:
            outbox.messages.append(self.envelope(*call))
            if task is not None:
                outbox.note_task(task)
        elif block := self.transaction_block(options):
            created: list[instrumentation.Headers] = []
            envelope = self.envelope(*call, created=created)
            block.send(Outbox([envelope], published=published, created=created))
        elif wish := self._commit_wish(options, task):
            # Decided here, so that the values of the call's moment count.
            created = []
            envelope = self.envelope(*call, created=created)
            _call_on_commit(partial(self._enqueue, envelope, published, options, created), wish)
        elif instrumentation.active:
            with instrumentation.SendOperation() as operation:
                self._enqueue(self.envelope(*call, operation), published, options)
        else:
            self._enqueue(self.envelope(*call), published, options)
        make = options.get("result_cls")
        result: AsyncResult[Any] = (
            make(task_id) if make else AsyncResult(task_id, app=app, task_name=name)
        )
        ignored = options.get("ignore_result")
        result.ignored = bool(task.ignore_result if ignored is None and task else ignored)
        if (
            parent is not None
            and options.get("add_to_parent", True)
            and task_of(parent) is not None
        ):
            task_of(parent).add_trail(result)
        return result

    def transaction_block(self, options: Mapping[str, Any]) -> TransactionBlock | None:
        """Return the transaction of the caller's that calls with these options belong to."""
        if (
            transaction_of_context.get() is None
            and not (options and options.get("connection"))
            and not self._app.conf.task_enqueue_in_transaction
        ):
            return None
        # Only what uses transactions loads it.
        from taskhub.app.transaction_block import find_block

        return find_block(self._app, options)

    def _commit_wish(self, options: Mapping[str, Any], task: Task[Any, Any] | None) -> Any:
        """Return for which transaction a call waits; false: for none."""
        wish = options.get("enqueue_on_commit")
        if wish is None and task is not None:
            wish = task.enqueue_on_commit
        return self._app.conf.task_enqueue_on_commit if wish is None else wish

    def _enqueue(
        self,
        envelope: Envelope,
        published: list[Publication],
        options: Mapping[str, Any],
        created: list[instrumentation.Headers] | None = None,
    ) -> None:
        """Store a message.

        Args:
            envelope: The message.
            published: The call, for signals and events.
            options: Of the call.
            created: The headers that instruments have added to a message that was made before;
                None: it is made now.
        """
        broker, policy = self._app.broker, self._retry_policy(options)
        if created is None or not instrumentation.active:
            broker.enqueue_envelope(envelope, policy)
        else:
            with instrumentation.SendOperation() as operation:
                operation.send_batch(broker, [envelope.queue], created)
                broker.enqueue_envelope(envelope, policy)
        if published:
            self.publishing.after(published)

    def send_by_name(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task_id: str | None,
        options: Mapping[str, Any],
    ) -> AsyncResult[Any]:
        """Send a call of a task by name (`app.send_task`); the task need not be known here."""
        check_arguments(args, kwargs)
        if type(name) is not str:
            name = check_name("the task name", name)
        if self._app.conf.task_always_eager:
            warnings.warn(
                AlwaysEagerIgnored("task_always_eager has no effect on send_task"), stacklevel=3
            )
        task = self._app.declarations.registry.get(name)
        if task is not None:
            defaults = task.bound._call_defaults
            options = {**defaults, **options} if defaults else options
        return self.send(name, args, kwargs, task_id, options, task=task)

    def collector(
        self, outbox: Outbox, args: Any, kwargs: Any, options: Mapping[str, Any]
    ) -> Collector:
        """Return a collector of the members of a canvas that are called with these."""
        return Collector(self, outbox, args, kwargs, options, _parent())

    def send_all(
        self, outbox: Outbox, options: Mapping[str, Any], page: ChordPage | None = None
    ) -> None:
        """Send the messages that a canvas has collected, in as few round trips as possible.

        Args:
            outbox: The messages.
            options: Options of the canvas, e.g. `retry_policy`.
            page: The page of the open chord that they are; None: they are none.
        """
        if block := self.transaction_block(options):
            block.send(outbox)
            return
        wish = options.get("enqueue_on_commit")
        if wish is None:
            wish = outbox.enqueue_on_commit or self._app.conf.task_enqueue_on_commit
        if wish:
            _call_on_commit(partial(self._enqueue_all, outbox, options, page), wish)
        else:
            self._enqueue_all(outbox, options, page)

    def _enqueue_all(
        self, outbox: Outbox, options: Mapping[str, Any], page: ChordPage | None
    ) -> None:
        policy = self._retry_policy(options)
        broker = self._app.broker
        with instrumentation.SendOperation() as operation:
            if instrumentation.active and outbox.messages:
                queues = [envelope.queue for envelope in outbox.messages]
                operation.send_batch(broker, queues, outbox.created)
            broker.enqueue_envelopes(outbox.messages, outbox.chords, outbox.chains, policy, page)
        self.publishing.after(outbox.published)

    def _retry_policy(self, options: Mapping[str, Any]) -> RetryPolicy | None:
        retry, policy = options.get("retry"), options.get("retry_policy")
        conf = self._app.conf
        if retry is not None or policy is not None:
            return stores.retry_policy(conf, retry, policy)
        settings = conf.task_publish_retry, conf.task_publish_retry_policy
        if settings != self._retry_settings:
            self._retry_settings = settings[0], dict(settings[1] or {})
            self._default_retry = stores.retry_policy(conf, None, None)
        return self._default_retry


def _call_on_commit(send: Callable[[], object], database: bool | str) -> None:
    # Only what waits for transactions loads it.
    from taskhub.app.transactions import call_on_commit

    call_on_commit(send, database)


def _parent() -> Context | None:
    """Return the request of the task that makes a call, None outside of tasks."""
    request = current_request()
    if request is None or request.id is None or request.called_directly:
        return None
    return request
