"""Chords: a header of calls that run at the same time, and a body called with their results."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Generator, Iterable, Mapping, Sequence
from reprlib import recursive_repr
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from taskhub.canvas import stamps
from taskhub.canvas.chord_results import PLACEHOLDER
from taskhub.canvas.group import group, members, send_members
from taskhub.canvas.lazy_list import LazyList, each, head, listed
from taskhub.canvas.normal_form import add_links, link_header, with_one_result
from taskhub.canvas.outbox import Outbox, collecting, is_collected, sending
from taskhub.canvas.pages import Call, OpenChord, send_pages
from taskhub.canvas.result_ids import LazyResults, ResultIds
from taskhub.canvas.signature import Signature, checked, maybe_signature
from taskhub.canvas.structure import (
    acyclic,
    checked_each,
    elements,
    first_call,
    has_unread,
    kind,
    last_call,
    streamed_elements,
)
from taskhub.exceptions import CPendingDeprecationWarning
from taskhub.execution.request import current_request
from taskhub.message import Envelope
from taskhub.names import check_id
from taskhub.outcome import ChordPlan
from taskhub.result import allow_join_result
from taskhub.result.base import first_result

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.stamps import StampingVisitor

#: Options that Celery's chords have and that mean nothing here: the store counts the parts.
_UNUSED = ("interval", "max_retries")
#: Those of the options that a chord is sent with that are of its header only, and of its body only.
_OF_HEADER = ("countdown", "eta", "parent_id", "chord_results")
_OF_BODY = ("chain", "chain_continuation")


@Signature.register_type("chord")
class chord(Signature):
    """Calls the body with a list of the header's results: `chord([a.s(1), a.s(2)], total.s())`."""

    def __init__(
        self,
        header: Any,
        body: Any = None,
        task: str = "celery.chord",
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        app: Celery | None = None,
        **options: Any,
    ) -> None:
        options.pop("subtask_type", None)
        immutable = options.pop("immutable", False)
        super().__init__(
            task,
            args,
            {
                **(kwargs or {"kwargs": {}}),
                "header": _header(header),
                "body": maybe_signature(_called(body)),
            },
            subtask_type="chord",
            immutable=immutable,
            app=app,
            **options,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> chord:
        """Return the chord that a dictionary holds."""
        kwargs = dict(data["kwargs"])
        header, body = kwargs.pop("header"), kwargs.pop("body", None)
        if isinstance(header, dict):
            header = maybe_signature(header, app=app).tasks
        new = cls(
            each(lambda task: maybe_signature(task, app=app), header),
            maybe_signature(body, app=app),
            args=data.get("args"),
            kwargs=kwargs,
            app=app,
            **data["options"],
        )
        new["immutable"] = bool(data.get("immutable"))
        return new

    @property
    def tasks(self) -> Any:
        """Its header."""
        return self["kwargs"]["header"]

    @tasks.setter
    def tasks(self, tasks: Iterable[Any]) -> None:
        self["kwargs"]["header"] = tasks.tasks if isinstance(tasks, group) else listed(tasks)

    @property
    def body(self) -> Any:
        """Its body."""
        return self["kwargs"]["body"]

    @body.setter
    def body(self, body: Any) -> None:
        self["kwargs"]["body"] = body

    @property
    def app(self) -> Celery:
        """The app whose tasks it calls, by default that of its first part."""
        if self._app is not None:
            return self._app
        for part in (*head(self.tasks, 1), self.body):
            if part is not None:
                return part.app  # type: ignore[no-any-return]
        return super().app

    def __length_hint__(self) -> int:
        return len(elements(self.tasks))

    @acyclic
    def clone(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return a copy with more arguments and options, and copies of its parts."""
        copy = super().clone(args, kwargs, **options)
        copy.tasks = each(lambda task: task.clone(), copy.tasks)
        copy.body = maybe_signature(copy.body, clone=True)
        return copy

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
        """Give every part its id; return the body's result, its parent the header's."""
        chord_id = self.options.get("task_id") or str(uuid.uuid4())
        chord_id = self.options["task_id"] = check_id("the id of a chord", chord_id)
        root_id = root_id or self.options.get("root_id")
        header = group(
            [with_one_result(task) for task in elements(self.tasks)],
            app=self._app,
            task_id=chord_id,
        )
        header_result = header.freeze(chord=lambda index: [chord_id, index], root_id=root_id)
        self.tasks = header.tasks
        if self.body is None:
            return header_result
        return self._freeze_body(header_result, _id, group_id, chord, root_id, group_index)

    def _freeze_body(
        self,
        header_result: Any,
        _id: str | None,
        group_id: str | None,
        chord: Any,
        root_id: str | None,
        group_index: int | None,
    ) -> Any:
        """Give the body its id; return its result."""
        if group_id is None and kind(self.body) != "chain":
            group_id = self.options["task_id"]
        body_result = self.body.freeze(_id, group_id, chord, root_id, None, group_index)
        first = first_result(body_result)
        if first is not header_result:
            first.parent = header_result
        return body_result

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> Any:
        """Send the header; the body is published by the commit of the last part.

        Returns:
            The result of the body; its `parent` is that of the header.
        """
        kwargs = dict(kwargs or {})
        if self.body is None and not kwargs.get("body"):
            raise TypeError("A chord needs a body: chord(header, body) or chord(header)(body)")
        app = self.app
        given = {
            **self.options,
            **{name: value for name, value in options.items() if value is not None},
        }
        own_id = given.pop("task_id", None) or str(uuid.uuid4())
        body = maybe_signature(kwargs.pop("body", None) or self.body, app=self._app, clone=True)
        add_to_parent = given.pop("add_to_parent", True)
        for name in _UNUSED:
            given.pop(name, None)
        if app.conf.task_always_eager:
            return self.apply(args, kwargs, body=add_links(body, given), **options)
        copy = self.clone()
        copy.options = {"task_id": check_id("the id of a chord", own_id)}
        copy.body = add_links(body, given)
        position = (task_id, given.pop("group_id", None), given.pop("chord", None))
        root_id, index = given.get("root_id"), given.pop("group_index", None)
        all_args = self["args"] if self.immutable else (*(args or ()), *self["args"])
        if has_unread(copy.tasks) and not is_collected(app, given):
            has_members, result = copy._send_in_pages(
                (*position, root_id, index), Call(all_args, kwargs, given)
            )
        else:
            result = copy.freeze(*position, root_id, None, index)
            has_members = bool(copy.tasks)
            with sending(app, given) as outbox:
                copy._send(outbox, Call(all_args, kwargs, given))
        if given.get("ignore_result") and kind(copy.body) == "task":
            result.ignored = True
        header = first_result(result)
        if header is not result:
            # As in Celery, the header is the parent of the whole body, even of a chain.
            result.parent = header
            parent = app.current_worker_task
            if add_to_parent and has_members and parent is not None:
                parent.add_trail(header)
        return result

    def _send(self, outbox: Outbox, call: Call) -> None:
        """Collect the frozen chord: its header in the outbox, its body's messages in the plan."""
        tasks = self.tasks
        if not tasks:
            self._send_body(call)
            return
        body = self._body_messages(outbox, tasks[-1], call)
        outbox.chords.append(ChordPlan(self.options["task_id"], len(tasks), body))
        send_members(outbox, self, call.args, call.kwargs, _header_options(call.options))

    def _send_in_pages(self, position: tuple[Any, ...], call: Call) -> tuple[bool, Any]:
        """Freeze and send the chord while its header is read.

        Returns:
            Whether the header has members, and the result of the body.
        """
        chord_id, root_id = self.options["task_id"], position[-2]
        ids = ResultIds()
        result = self._freeze_body(self.app.GroupResult(chord_id, LazyResults(ids)), *position)

        def members() -> Generator[Any]:
            for index, element in enumerate(streamed_elements(self.tasks)):
                task = with_one_result(element)
                part = [chord_id, index]
                ids.add(task, task.freeze(None, chord_id, part, root_id, None, index))
                yield task

        header_call = call._replace(options=_header_options(call.options))
        opened = OpenChord(chord_id, lambda outbox, last: self._body_messages(outbox, last, call))
        send_pages(self.app, members(), header_call, opened)
        if not ids:
            self._send_body(call)
        return bool(ids), result

    def _send_body(self, call: Call) -> None:
        """Send the body alone, after an empty header."""
        options = {name: call.options[name] for name in call.options if name not in _OF_HEADER}
        self.body.apply_async(([],), **options)

    def _body_messages(self, outbox: Outbox, last: Any, call: Call) -> tuple[Envelope, ...]:
        """Return the messages of the body; of the header, `last` is a member that stands for it."""
        options = {name: call.options[name] for name in call.options if name not in _OF_HEADER}
        # In Celery the part that happens to come last stands for the header.
        options["parent_id"] = last_call(last)
        if not options.get("root_id") and not _in_task():
            options["root_id"] = first_call(last)
        chord_id = self.options["task_id"]
        collected = Outbox([], outbox.chords, outbox.chains, published=outbox.published)
        with collecting(collected):
            self.body.apply_async(
                (dict(PLACEHOLDER),), chord_results=chord_id, add_to_parent=False, **options
            )
        return tuple(collected.messages)

    def __call__(self, body: Any = None, **options: Any) -> Any:
        """Send it, as Celery does: `chord(header)(body)`."""
        return self.apply_async((), {"body": body} if body else {}, **options)

    @acyclic
    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        propagate: bool = True,
        body: Any = None,
        **options: Any,
    ) -> Any:
        """Run header and body in this process."""
        header = group(self.tasks, app=self._app).apply(args, kwargs)
        with allow_join_result():
            values = header.get(propagate=propagate)
        return (self.body if body is None else body).apply((values,))

    def link(self, callback: Any) -> Any:
        """Call a signature when the body has succeeded."""
        self.body.link(callback)
        return callback

    def link_error(self, errback: Any) -> Any:
        """Call a signature when a part of the header, or the body, has failed."""
        errback = checked(errback)
        if self.app.conf.task_allow_error_cb_on_chord_header:
            link_header(self.tasks, errback.clone(immutable=True))
        else:
            warnings.warn(
                "errbacks of a chord are linked to its body only; set "
                "task_allow_error_cb_on_chord_header to link them to the tasks of the header, too",
                CPendingDeprecationWarning,
                stacklevel=2,
            )
        # A chord in the header that fails ends this body, too, so its own body is not linked: once
        # is enough.
        self.body.link_error(errback)
        return errback

    def set_immutable(self, immutable: bool) -> None:
        """Make the header's tasks immutable, or not."""
        for task in self.tasks:
            task.set_immutable(immutable)

    @acyclic
    def stamp(
        self, visitor: StampingVisitor | None = None, append_stamps: bool = False, **headers: Any
    ) -> None:
        """Write stamps into the headers of its parts, and of what is linked to them."""
        given = (
            (visitor.on_chord_header_start(self, **headers) or {}) if visitor is not None else None
        )
        merged = stamps.headers_for(self, given, append_stamps, headers)
        self.stamp_links(visitor, append_stamps, **merged)
        stamps.stamp_all(self.tasks, visitor, append_stamps, merged)
        if visitor is not None:
            visitor.on_chord_header_end(self, **merged)
        if self.body is not None:
            if visitor is not None:
                given = visitor.on_chord_body(self, **merged) or {}
                merged = stamps.headers_for(self, given, append_stamps, merged)
            self.body.stamp(visitor, append_stamps, **merged)

    @recursive_repr()
    def __repr__(self) -> str:
        if self.body is None:
            return f"<chord without body: {self.tasks!r}>"
        if kind(self.body) == "chain" and self.body.tasks:
            first, *others = self.body.tasks
            return f"%({' | '.join([first.reprcall(self.tasks), *map(repr, others)])})"
        return f"%{self.body.reprcall(self.tasks)}"


#: Celery's private name for it, by which some code asks.
_chord = chord


def _called(member: Any) -> Any:
    """Return a bare task as its call without arguments, as Celery does; anything else as it is."""
    is_task = hasattr(member, "apply_async") and hasattr(member, "si")
    return member.s() if is_task and not isinstance(member, Mapping) else member


def _header(header: Any) -> list[Any]:
    if isinstance(header, Mapping) and not isinstance(header, Signature):
        header = maybe_signature(header)
    if isinstance(header, Signature) and kind(header) in ("group", "chain"):
        return listed(header["kwargs"]["tasks"])
    if isinstance(header, Signature):
        return [header]
    # As in Celery, only what generators yield is not read yet.
    if not isinstance(header, GeneratorType | LazyList):
        header = [_called(member) for member in checked_each(_called(header))]
    return members((header,))


def _header_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a chord that its header has, too."""
    return {name: value for name, value in options.items() if name not in _OF_BODY}


def _in_task() -> bool:
    """Return whether a running task sends this chord; its root is the task's own then."""
    request = current_request()
    return request is not None and request.id is not None and not request.called_directly
