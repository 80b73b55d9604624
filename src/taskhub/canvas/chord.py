"""Chords: a header of calls at the same time, and a body that is given all their results."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterable, Mapping, Sequence
from reprlib import recursive_repr
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from taskhub.canvas import stamping
from taskhub.canvas.chain import first_of
from taskhub.canvas.cycles import acyclic
from taskhub.canvas.group import group, members, send_members
from taskhub.canvas.joined import PLACEHOLDER
from taskhub.canvas.lazy import LazyList, each, listed
from taskhub.canvas.outbox import Outbox, collecting, sending
from taskhub.canvas.signature import Signature, checked, checked_each, maybe_signature
from taskhub.canvas.steps import elements, first_call, kind, last_call, with_one_result
from taskhub.exceptions import CPendingDeprecationWarning
from taskhub.outcome import ChordPlan
from taskhub.task.calling import as_list
from taskhub.worker.context import current_request

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.stamping import StampingVisitor

#: Options that Celery's chords have and that mean nothing here: the store counts the parts.
_UNUSED = ("interval", "max_retries")


@Signature.register_type("chord")
class chord(Signature):
    """Calls the body with the list of the header's results: `chord([a.s(1), a.s(2)], total.s())`."""

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
                "body": maybe_signature(body),
            },
            subtask_type="chord",
            immutable=immutable,
            app=app,
            **options,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> chord:
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
        if self._app is not None:
            return self._app
        for part in (*self.tasks[:1], self.body):
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
        """Give every part its id; returns the result of the body, with the header's results as its first parent."""
        chord_id = self.options.setdefault("task_id", str(uuid.uuid4()))
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
        if group_id is None and kind(self.body) != "chain":
            group_id = chord_id
        body_result = self.body.freeze(_id, group_id, chord, root_id, None, group_index)
        first = first_of(body_result)
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
        """Send the header; the body follows in the commit that brings the last part.

        Returns the result of the body, its `parent` the results of the header.
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
        for name in (*_UNUSED, "add_to_parent"):
            given.pop(name, None)
        if app.conf.task_always_eager:
            return self.apply(args, kwargs, body=add_links(body, given), **options)
        copy = self.clone()
        copy.options = {"task_id": own_id}
        copy.body = add_links(body, given)
        result = copy.freeze(
            task_id,
            given.pop("group_id", None),
            given.pop("chord", None),
            given.get("root_id"),
            None,
            given.pop("group_index", None),
        )
        all_args = self["args"] if self.immutable else (*(args or ()), *self["args"])
        with sending(app, given) as outbox:
            self._send(outbox, copy, all_args, kwargs, given)
        if given.get("ignore_result") and kind(copy.body) == "task":
            result.ignored = True
        header = first_of(result)
        if header is not result:
            # As in Celery: seen from outside, the header is what comes before the body, even if that is a chain.
            result.parent = header
        return result

    @staticmethod
    def _send(outbox: Outbox, copy: chord, args: Any, kwargs: Any, options: dict[str, Any]) -> None:
        """Send a frozen chord: the header to the outbox, the body's first messages to the chord's plan."""
        chord_id = copy.options["task_id"]
        following = {name: options.pop(name, None) for name in ("chain", "chain_rest")}
        header_options = dict(options)
        body_options = {
            name: value
            for name, value in options.items()
            if name not in ("countdown", "eta", "parent_id", "joins")
        }
        if copy.tasks:
            # In Celery the part that happens to come last stands for the header; here the last one does.
            body_options["parent_id"] = last_call(copy.tasks[-1])
            if not options.get("root_id") and not _in_task():
                body_options["root_id"] = first_call(copy.tasks[-1])
        body_options.update(following)
        if not copy.tasks:
            copy.body.apply_async(([],), **body_options)
            return
        with collecting(
            Outbox([], outbox.chords, outbox.chains, published=outbox.published)
        ) as body_box:
            copy.body.apply_async(
                (dict(PLACEHOLDER),), joins=chord_id, add_to_parent=False, **body_options
            )
        outbox.chords.append(ChordPlan(chord_id, len(copy.tasks), tuple(body_box.messages)))
        send_members(outbox, copy, args, kwargs, header_options)

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
        """Run header and body here and now."""
        from taskhub.result import allow_join_result

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
            for task in self.tasks:
                task.link_error(errback.clone(immutable=True))
        else:
            warnings.warn(
                "errbacks of a chord are linked to its body only; set task_allow_error_cb_on_chord_header "
                "to link them to the tasks of the header, too",
                CPendingDeprecationWarning,
                stacklevel=2,
            )
        for task in self.tasks:
            if isinstance(task, chord):
                task.link_error(errback)
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
        given = (
            (visitor.on_chord_header_start(self, **headers) or {}) if visitor is not None else None
        )
        merged = stamping.headers_for(self, given, append_stamps, headers)
        self.stamp_links(visitor, append_stamps, **merged)
        stamping.stamp_all(self.tasks, visitor, append_stamps, merged)
        if visitor is not None:
            visitor.on_chord_header_end(self, **merged)
        if self.body is not None:
            if visitor is not None:
                given = visitor.on_chord_body(self, **merged) or {}
                merged = stamping.headers_for(self, given, append_stamps, merged)
            self.body.stamp(visitor, append_stamps, **merged)

    @recursive_repr()
    def __repr__(self) -> str:
        if self.body is None:
            return f"<chord without body: {self.tasks!r}>"
        if kind(self.body) == "chain" and self.body.tasks:
            first, *rest = self.body.tasks
            return f"%({' | '.join([first.reprcall(self.tasks), *map(repr, rest)])})"
        return f"%{self.body.reprcall(self.tasks)}"


#: Celery's private name for it, by which some code asks.
_chord = chord


def _header(header: Any) -> list[Any]:
    if isinstance(header, Mapping) and not isinstance(header, Signature):
        header = maybe_signature(header)
    if isinstance(header, Signature) and kind(header) in ("group", "chain"):
        return listed(header["kwargs"]["tasks"])
    if isinstance(header, Signature):
        return [header]
    # As in Celery, only what generators yield is not read yet.
    if not isinstance(header, GeneratorType | LazyList):
        header = list(checked_each(header))
    return members((header,))


def _in_task() -> bool:
    """Return whether a running task sends this; the root is its own then."""
    request = current_request()
    return request is not None and request.id is not None and not request.called_directly


def add_links(body: Any, options: dict[str, Any]) -> Any:
    """Take the links out of a chord's options and give them to its body."""
    for link in as_list(options.pop("link", None)):
        body.link(link)
    for errback in as_list(options.pop("link_error", None)):
        if kind(body) == "group":
            body.link_error(errback)
        else:
            body.append_to_list_option("link_error", errback)
    return body
