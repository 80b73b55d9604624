"""What a task can do while it runs: look at its request, retry, report, and let others follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from taskhub import exceptions
from taskhub.outcome import ChordExtension
from taskhub.task.retrying import arguments_of_retry, raise_in_context
from taskhub.task.signing import SignableTask
from taskhub.worker.context import Context, current_request

if TYPE_CHECKING:
    from taskhub.canvas.signature import Signature

P = ParamSpec("P")
R = TypeVar("R")


class RunningTask(SignableTask[P, R]):
    """A task as its own body knows it."""

    #: Raises `TypeError` when called with arguments that do not fit; None: they are not checked.
    _check_arguments: Callable[..., Any] | None = None

    def run(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The body of the task. Subclasses define it.

        Raises:
          NotImplementedError: it was not defined.
        """
        raise NotImplementedError("Tasks must define the run method.")

    @property
    def request(self) -> Context:
        """The call that is being answered; outside of one, an empty request."""
        request = current_request()
        while request is not None:
            task = request._task
            # A task of no app in particular is answered by that of the worker's app.
            if task is self or (task is not None and self._app is None and task.name == self.name):
                return request
            request = request._previous
        return Context()

    def retry(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: Any = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> exceptions.Retry:
        """End this run and try again later; the next try leaves in the commit of this one.

        Parameters:
          args, kwargs: other arguments than those of this try.
          exc: what went wrong; raised when there are no more retries.
          throw: raise `Retry` here; otherwise it is returned, for `raise self.retry(...)`.
          eta, countdown: when, as a datetime or in seconds; by default `default_retry_delay`.
          max_retries: instead of the task's, for this call.

        Raises:
          Retry: always, with `throw`.
          MaxRetriesExceededError: there are no more retries, and no `exc`.
        """
        request = self.request
        retries = request.retries + 1
        if max_retries is not None:
            request._max_retries = max_retries
        limit = self.max_retries if max_retries is None else max_retries
        if request.called_directly:
            raise_in_context(exc or exceptions.Retry("Task can be retried", None))
        if not eta and countdown is None:
            countdown = self.default_retry_delay
        inherited = (request.args or (), request.kwargs or {})
        new_args, new_kwargs = arguments_of_retry(self.run, inherited, args, kwargs)
        if limit is not None and retries > limit:
            if exc is not None:
                raise_in_context(exc)
            raise cast("Any", self.MaxRetriesExceededError)(
                f"Can't retry {self.name}[{request.id}] args:{new_args} kwargs:{new_kwargs}",
                task_args=new_args,
                task_kwargs=new_kwargs,
            )
        signature = self.signature_from_request(
            request, new_args, new_kwargs, countdown=countdown, eta=eta, retries=retries, **options
        )
        retry = exceptions.Retry(
            exc=exc, when=eta or countdown, is_eager=request.is_eager, sig=signature
        )
        if not request.is_eager:
            try:
                publish = request._publish or []
                publish.append(self.app.calls.envelope_of(signature, self))
                request._publish = publish
            except Exception as error:
                raise exceptions.Reject(error, requeue=False) from error
        if throw:
            raise retry
        return retry

    def signature_from_request(
        self,
        request: Context | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        queue: Any = None,
        **extra: Any,
    ) -> Signature:
        """Return the signature that sends the present call again."""
        request = self.request if request is None else request
        args = request.args if args is None else args
        kwargs = request.kwargs if kwargs is None else kwargs
        options = {**request.as_execution_options(), **extra}
        info = request.delivery_info or {}
        if queue or info.get("routing_key"):
            options["queue"] = queue or info["routing_key"]
        if info.get("priority") is not None:
            options.setdefault("priority", info["priority"])
        return self.signature(args, kwargs, options)

    def replace(self, sig: Any) -> Any:
        """End this call and let a signature take its place: its id, its chord, what is chained and
        linked to it.

        Use it as `raise self.replace(...)` or `return self.replace(...)`.

        Raises:
          Ignore: always, in a worker.
          ImproperlyConfigured: the signature is an empty chain, or part of a chord.
          TypeError: it is no signature.
        """
        from taskhub.canvas.replacing import replacement

        return self.on_replace(replacement(self.app, self.request, sig))

    def on_replace(self, sig: Any) -> Any:
        """Called with the signature that takes the place of this call; it leaves in this call's
        commit.

        Raises:
          Ignore: always, in a worker.
        """
        from taskhub.canvas.outbox import collecting

        request = self.request
        if request.is_eager:
            return sig.apply().get()
        with collecting() as outbox:
            sig.apply_async()
        self.app.calls.publishing.after(outbox.published)
        request._collect(outbox.messages, outbox.chords, outbox.chains)
        request._replaced = True
        raise exceptions.Ignore("Replaced by new task")

    def add_to_chord(self, sig: Any, lazy: bool = False) -> Any:
        """Add a call to the chord that this call is part of; it is one of its parts, and leaves,
        in this call's commit.

        Parameters:
          lazy: only prepare it; the caller sends it. If this call is not committed, its value does
            not count.

        Raises:
          ValueError: this call is not part of a chord.
          TypeError: it is no signature.
        """
        from taskhub.canvas.outbox import collecting
        from taskhub.canvas.signature import checked

        request = self.request
        if not request.chord:
            raise ValueError("Current task is not member of any chord")
        sig = checked(sig)
        extension = ChordExtension(request.chord[0], f"+{sig.freeze().id}")
        sig.set(
            group_id=request.group,
            group_index=request.group_index,
            chord=list(extension),
            root_id=request.root_id,
        )
        request._extends = [*(request._extends or ()), extension]
        if lazy:
            return sig
        with collecting() as outbox:
            result = sig.delay()
        self.app.calls.publishing.after(outbox.published)
        request._collect(outbox.messages, outbox.chords, outbox.chains)
        return result

    def update_state(
        self,
        task_id: str | None = None,
        state: str | None = None,
        meta: Any = None,
        **kwargs: Any,
    ) -> None:
        """Store a state of this call, e.g. `update_state(state="PROGRESS", meta={"done": 3})`.

        Raises:
          ValueError: there is no running call, and no `task_id`.
        """
        request = self.request
        if request._ending and task_id in (None, request.id):
            # A handler of the ending: its state leaves in the same commit, instead of the ending's
            # own.
            request._final_state = (state or "", meta)
            return
        task_id = task_id or request.id
        if not task_id:
            raise ValueError(f"task_id must not be empty. Got {task_id} instead.")
        self.backend.store_result(task_id, meta, state, request=request, **kwargs)

    def add_trail(self, result: Any) -> Any:
        """Record a result as a child of this call."""
        if self.trail:
            self.request.children.append(result)
        return result
