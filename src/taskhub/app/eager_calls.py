"""Calls of programs whose setting `task_always_eager` runs them in the caller's process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.app import stores
from taskhub.call.options import check_options
from taskhub.message import decode_body
from taskhub.result import denied_join_result
from taskhub.task.eager import through_serializer

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.message import Envelope
    from taskhub.result import EagerResult
    from taskhub.task.task import Task

__all__ = ("EagerCalls",)


class EagerCalls:
    """Runs an app's calls eagerly, and what follows from them."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def call(
        self, task: Task[Any, Any], args: Any, kwargs: Any, task_id: str | None, options: Any
    ) -> EagerResult[Any]:
        """Run a call in this process, with arguments as a worker would get them."""
        check_options(options)
        serializer = options.get("serializer") or self._app.calls.defaults.serializer
        new_args, new_kwargs = through_serializer(args, kwargs, serializer)
        with denied_join_result():
            return task.apply(new_args, new_kwargs, task_id=task_id, **options)

    def pass_on(self, envelope: Envelope) -> None:
        """Send a message that follows from an eager call; with `task_always_eager`, run it."""
        app = self._app
        if not app.conf.task_always_eager:
            app.broker.enqueue_envelope(envelope, stores.retry_policy(app.conf, None, None))
            return
        fields = decode_body(envelope.body)
        options = fields["options"]
        task = app.tasks[fields["actor_name"]]
        task.apply(
            fields["args"],
            fields["kwargs"],
            task_id=envelope.task_id,
            link=options.get("callbacks"),
            link_error=options.get("errbacks"),
        )
