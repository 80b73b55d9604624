"""Chains: calls one after the other, each with the result of the previous one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

from taskhub.call.options import check_chain
from taskhub.call.values import as_list
from taskhub.canvas import stamps
from taskhub.canvas.chain_continuation import split_chain
from taskhub.canvas.chord import chord
from taskhub.canvas.group import SignatureList
from taskhub.canvas.normal_form import fold
from taskhub.canvas.outbox import sending
from taskhub.canvas.signature import Signature, checked, maybe_signature
from taskhub.canvas.structure import acyclic, checked_each, is_empty_group, kind, unrolled
from taskhub.result import allow_join_result
from taskhub.result.base import first_result

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.stamps import StampingVisitor


@Signature.register_type("chain")
class _chain(SignatureList):
    """A chain as it stands; `chain()` is how to make one."""

    def __init__(self, *tasks: Any, **options: Any) -> None:
        app = options.pop("app", None)
        members = _members(tasks)
        super().__init__(
            "celery.chain", (), {"tasks": members}, subtask_type="chain", app=app, **options
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> _chain:
        """Return the chain that a dictionary holds."""
        tasks = [maybe_signature(task, app=app) for task in data["kwargs"]["tasks"]]
        new = _chain(tasks, app=app, **data["options"])
        new["args"] = tuple(data.get("args") or ())
        new["immutable"] = bool(data.get("immutable"))
        return new

    @classmethod
    def join(cls, first: Signature, second: Signature) -> Any:
        """Return `first | second`."""
        return _join(first, second)

    @acyclic
    def clone(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return a copy with more arguments and options, and copies of its steps."""
        copy = super().clone(args, kwargs, **options)
        copy.tasks = [maybe_signature(task, app=self._app, clone=True) for task in copy.tasks]
        return copy

    @acyclic
    def unchain_tasks(self) -> list[Any]:
        """Return copies of its steps that carry the chain's own links."""
        tasks = [task.clone() for task in self.tasks]
        for link in as_list(self.options.get("link")):
            tasks[-1].link(link)
        for errback in as_list(self.options.get("link_error")):
            for task in tasks:
                task.link_error(errback)
        return tasks

    @acyclic
    def freeze(
        self,
        _id: str | None = None,
        group_id: str | None = None,
        chord: Any = None,
        root_id: str | None = None,
        parent_id: str | None = None,
        group_index: int | None = None,
    ) -> Any:
        """Give every step its id; return the last result, its `parent` the previous step's."""
        steps = self.tasks = fold(self.tasks)
        if not steps:
            return None
        root_id = root_id or self.options.get("root_id")
        result = None
        for index, step in enumerate(steps):
            if index < len(steps) - 1:
                frozen = step.freeze(root_id=root_id)
            else:
                _id = _id or self.options.get("task_id")
                frozen = step.freeze(_id, group_id, chord, root_id, None, group_index)
            if result is not None:
                first_result(frozen).parent = result
            result = frozen
        if result is not None and kind(steps[-1]) != "group":
            self.options["task_id"] = result.id
        return result

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Send the first step with the next ones; the other steps of a long chain are stored.

        Returns:
            The result of the last step; None for an empty chain.
        """
        app = self.app
        if app.conf.task_always_eager:
            return self.apply(args, kwargs, **options)
        given = {
            **self.options,
            **{name: value for name, value in options.items() if value is not None},
        }
        copy = self.clone()
        if given.get("link_error"):
            for step in copy.tasks:
                for errback in as_list(given["link_error"]):
                    step.link_error(errback)
        copy.options = {}
        result = copy.freeze(
            given.pop("task_id", None),
            given.pop("group_id", None),
            given.pop("chord", None),
            given.get("root_id"),
            None,
            given.pop("group_index", None),
        )
        if result is None:
            return None
        steps = copy.tasks
        for link in as_list(given.pop("link", None)):
            steps[-1].link(link)
        given.pop("link_error", None)
        first, *following = steps
        following += reversed(given.pop("chain", None) or ())
        carried, plan = split_chain(following)
        if plan is not None:
            # Nothing else checks those that the message does not carry before they are sent.
            check_chain("chain", following[len(carried) :])
        if carried:
            given["chain"] = list(reversed(carried))
        all_args = self["args"] if self.immutable else (*(args or ()), *self["args"])
        if plan is None:
            sent = first.apply_async(all_args, kwargs, **given)
        else:
            stored = (plan.chain_id, 0, len(plan.links))
            given["chain_continuation"] = [stored, *(given.get("chain_continuation") or ())]
            with sending(app, given) as outbox:
                outbox.chains.append(plan)
                sent = first.apply_async(all_args, kwargs, **given)
        # As in Celery, a chord that begins a chain has the steps of its body as parents.
        return sent if len(self.tasks) == len(steps) == 1 else result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Send it, as Celery does."""
        return self.apply_async(args, kwargs) if self.tasks else None

    @acyclic
    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Run every step in this process; return the last result."""
        given = {**self.options, **options}
        links = as_list(given.pop("link", None))
        steps = fold(self.tasks)
        result = None
        for index, step in enumerate(steps):
            if is_empty_group(step) and (index < len(steps) - 1 or result is not None):
                continue
            if index == len(steps) - 1:
                for link in links:
                    step.link(link)
            with allow_join_result():
                before = (result.get(),) if result is not None else args
            ran = step.apply(before, kwargs if result is None else None, **given)
            ran.parent, result = result, ran
        return result

    @acyclic
    def stamp(
        self, visitor: StampingVisitor | None = None, append_stamps: bool = False, **headers: Any
    ) -> None:
        """Write stamps into the headers of its steps, and of what is linked to them."""
        given = (visitor.on_chain_start(self, **headers) or {}) if visitor is not None else None
        merged = stamps.headers_for(self, given, append_stamps, headers)
        self.stamp_links(visitor, append_stamps, **merged)
        stamps.stamp_all(self.tasks, visitor, append_stamps, merged)
        if visitor is not None:
            visitor.on_chain_end(self, **merged)

    @recursive_repr()
    def __repr__(self) -> str:
        return " | ".join(map(repr, self.tasks)) or f"<chain@{id(self):#x}: empty>"


class chain(_chain):
    """Calls tasks one after the other: `chain(a.s(1), b.s(), c.s())`.

    It is folded at once: one task alone is that task, a group that is followed becomes a chord, a
    chord takes what follows it into its body.
    """

    def __new__(cls, *tasks: Any, **kwargs: Any) -> Any:
        """Return the folded chain of some tasks; a single one as itself."""
        if kwargs or not tasks or cls is not chain:
            return super().__new__(cls, *tasks, **kwargs)
        if len(tasks) == 1 and isinstance(tasks[0], Signature):
            return super().__new__(cls, *tasks)
        return chain_of(_members(tasks))


def _members(tasks: Sequence[Any]) -> list[Any]:
    if (
        len(tasks) == 1
        and not isinstance(tasks[0], Signature)
        and not isinstance(tasks[0], Mapping)
    ):
        tasks = tuple(checked_each(tasks[0]))
    return [checked(task) for task in tasks]


def chain_of(signatures: Iterable[Any], app: Celery | None = None) -> Any:
    """Return signatures as one: the only step itself, or a chain of the steps.

    As in Celery, a chord at the beginning is a step of its own until the chain is sent, so that all
    before the last step are parents of the result.
    """
    steps = fold(signatures := list(signatures))
    if len(steps) > 1:
        return _chain(steps, app=app)
    if len(signatures) > 1 and kind(signatures[0]) == "chord":
        return _chain([signature.clone() for signature in signatures], app=app)
    return steps[0]


def _join(first: Signature, second: Signature) -> Any:
    """Return `first | second`."""
    if kind(first) == "group":
        # As in Celery, a group keeps being a group here, even one of one: `group([x]) | y` passes a
        # list.
        return first if is_empty_group(second) else chord(first, second, app=first._app)
    if kind(first) == "task" and is_empty_group(second):
        # As in Celery, it is kept for what follows, which is given the empty list of its results.
        return _chain([first.clone(), second.clone()], app=first._app)
    if kind(first) == "chain" and first["kwargs"]["tasks"]:
        *before, last = first["kwargs"]["tasks"]
        if is_empty_group(last) and not is_empty_group(second):
            return chain_of([*before, chord(last, second.clone())], app=first._app)
    if kind(first) == "chain":
        return chain_of([*first.unchain_tasks(), second], app=first._app)  # type: ignore[attr-defined]
    if kind(first) == "chord" and kind(unrolled(second)) not in ("chain", "group"):
        return fold([first, second])[0]
    return chain_of([first, second], app=first._app)
