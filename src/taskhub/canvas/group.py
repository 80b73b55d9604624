"""Groups: calls that run at the same time."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Generator, Iterable, Mapping, Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

from taskhub.canvas import stamps
from taskhub.canvas.lazy_list import LazyList, each, head, listed, unread
from taskhub.canvas.outbox import Outbox, is_collected, sending
from taskhub.canvas.pages import Call, send_pages
from taskhub.canvas.result_ids import LazyResults, ResultIds
from taskhub.canvas.signature import Signature, checked, maybe_signature
from taskhub.canvas.structure import (
    acyclic,
    checked_each,
    elements,
    has_unread,
    kind,
    streamed_elements,
)
from taskhub.names import check_id

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.stamps import StampingVisitor


class SignatureList(Signature):
    """A signature that consists of others, under the key `tasks`."""

    @property
    def tasks(self) -> list[Any]:
        """The steps of a chain, the members of a group."""
        tasks: list[Any] = self["kwargs"]["tasks"]
        return tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Any]) -> None:
        self["kwargs"]["tasks"] = listed(tasks)

    @property
    def app(self) -> Celery:
        """The app whose tasks it calls, by default that of its first member."""
        if self._app is not None:
            return self._app
        for task in head(self.tasks, 1):
            return task.app  # type: ignore[no-any-return]
        return super().app


@Signature.register_type("group")
class group(SignatureList):
    """Calls tasks at the same time: `group(a.s(1), b.s(2))`; a list or generator is taken, too."""

    def __init__(self, *tasks: Any, **options: Any) -> None:
        app = options.pop("app", None)
        super().__init__(
            "celery.group", (), {"tasks": members(tasks)}, subtask_type="group", app=app, **options
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> group:
        """Return the group that a dictionary holds."""
        tasks = each(lambda task: maybe_signature(task, app=app), data["kwargs"]["tasks"])
        new = cls(tasks, app=app, **data["options"])
        new["immutable"] = bool(data.get("immutable"))
        return new

    def __len__(self) -> int:
        return len(self.tasks)

    @acyclic
    def clone(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return a copy with more arguments and options, and copies of its members."""
        copy = super().clone(args, kwargs, **options)
        copy.tasks = each(lambda task: task.clone(), copy.tasks)
        return copy

    def skew(self, start: float = 1.0, stop: float | None = None, step: float = 1.0) -> group:
        """Give the members growing countdowns: from `start` by `step`, at most `stop`."""
        countdown = start * 1.0
        for task in self.tasks:
            task.set(countdown=countdown)
            if stop is None or countdown + step <= stop:
                countdown += step
        return self

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
        """Give every member its id; return their results."""
        own_id = self._own_id(_id)
        self.tasks = elements(self.tasks)
        root_id = root_id or self.options.get("root_id")
        results = [
            task.freeze(
                group_id=group_id or own_id,
                chord=chord(index) if callable(chord) else chord,
                root_id=root_id,
                group_index=index,
            )
            for index, task in enumerate(self.tasks)
        ]
        return self.app.GroupResult(own_id, results)

    _freeze = freeze

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        add_to_parent: bool = True,
        producer: Any = None,
        link: Any = None,
        link_error: Any = None,
        **options: Any,
    ) -> Any:
        """Send all members at once, those of a generator in pages; return their results.

        Raises:
            TypeError: a link was given; link the members, or use a chord.
        """
        if link is not None:
            raise TypeError("Cannot add link to group: use a chord")
        if link_error is not None:
            raise TypeError("Cannot add link to group: do that on individual tasks")
        app = self.app
        if app.conf.task_always_eager:
            return self.apply(args, kwargs, **options)
        copy = self.clone()
        own = {
            name: value
            for name, value in copy.options.items()
            if name not in ("task_id", "link_error", "link")
        }
        given = {**own, **{name: value for name, value in options.items() if value is not None}}
        given_id = given.pop("task_id", None)
        for name in ("group_id", "chain", "chain_continuation", "chord"):
            given.pop(name, None)
        if has_unread(copy.tasks) and not is_collected(app, given):
            result = copy._send_in_pages(given_id, Call(args, kwargs, given))
        else:
            result = copy.freeze(given_id, root_id=given.get("root_id"))
            if given.get("ignore_result"):
                for task, member in zip(copy.tasks, result.results, strict=True):
                    member.ignored = kind(task) == "task"
            with sending(app, given) as outbox:
                send_members(outbox, copy, args, kwargs, given)
        first = head(result.results, 2)
        if len(first) == 1 and type(first[0]) is type(result):
            result = first[0]
        parent = app.current_worker_task
        if add_to_parent and parent is not None:
            parent.add_trail(result)
        return result

    def _send_in_pages(self, group_id: str | None, call: Call) -> Any:
        """Freeze and send the members while they are read; return their results."""
        group_id = self._own_id(group_id)
        root_id = call.options.get("root_id") or self.options.get("root_id")
        app, ids = self.app, ResultIds()

        def members() -> Generator[Any]:
            for index, task in enumerate(streamed_elements(self.tasks)):
                result = task.freeze(group_id=group_id, root_id=root_id, group_index=index)
                if call.options.get("ignore_result"):
                    result.ignored = kind(task) == "task"
                ids.add(task, result)
                yield task

        send_pages(app, members(), call)
        return app.GroupResult(group_id, LazyResults(ids))

    def _own_id(self, given: str | None) -> str:
        """Give it its id, unless it has one."""
        own_id = self.options.get("task_id") or given or str(uuid.uuid4())
        own_id = self.options["task_id"] = check_id("the id of a group", own_id)
        return own_id

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Send it, as Celery does."""
        return self.apply_async(args, **options)

    @acyclic
    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Run the members in this process, one after the other; a generator is read meanwhile."""
        results = [task.apply(args, kwargs, **options) for task in streamed_elements(self.tasks)]
        group_id = self.options.get("task_id") or str(uuid.uuid4())
        return self.app.GroupResult(group_id, results)

    def set_immutable(self, immutable: bool) -> None:
        """Make all members immutable, or not."""
        for task in self.tasks:
            task.set_immutable(immutable)

    def link(self, callback: Any) -> Any:
        """Call a signature when the *first* member has succeeded, as Celery does.

        A chord calls its body when all have.
        """
        return self.tasks[0].link(checked(callback).clone().set(immutable=True))

    def link_error(self, errback: Any) -> Any:
        """Call a signature for every member that fails."""
        errback = checked(errback)
        return tuple(task.link_error(errback.clone()) for task in self.tasks)

    @acyclic
    def stamp(
        self, visitor: StampingVisitor | None = None, append_stamps: bool = False, **headers: Any
    ) -> None:
        """Write stamps into the headers of its members, and of what is linked to them."""
        given = (visitor.on_group_start(self, **headers) or {}) if visitor is not None else None
        merged = stamps.headers_for(self, given, append_stamps, headers)
        self.stamp_links(visitor, append_stamps, **merged)
        stamps.stamp_all(self.tasks, visitor, append_stamps, merged)
        if visitor is not None:
            visitor.on_group_end(self, **merged)

    @recursive_repr()
    def __repr__(self) -> str:
        if isinstance(self.tasks, LazyList) and not self.tasks.is_read:
            return f"group({self.tasks!r})"
        if not self.tasks:
            return "group(<empty>)"
        shown = ", ".join(itertools.islice(map(repr, self.tasks), 10))
        return f"group([{shown}{', ...' if len(self.tasks) > 10 else ''}])"


def members(tasks: Sequence[Any]) -> list[Any]:
    """Return the arguments of `group()` as a list of signatures; an iterator is read later.

    Raises:
        TypeError: something else than signatures; of an iterator, when it is read.
    """
    if len(tasks) == 1:
        only = tasks[0]
        if isinstance(only, group):
            return listed(only.tasks)
        if isinstance(only, Signature | dict):
            return [maybe_signature(only).clone()]
        tasks = unread(checked_each(only))
    return each(checked, tasks)


def send_members(
    outbox: Outbox, sender: Any, args: Any, kwargs: Any, options: Mapping[str, Any]
) -> None:
    """Send the members of a frozen group to an outbox that is open."""
    collector = sender.app.calls.collector(outbox, args, kwargs, options)
    for task in sender.tasks:
        if not collector.collect(task):
            task.apply_async(args, kwargs, add_to_parent=False, **options)
