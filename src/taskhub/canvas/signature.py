"""A signature: one call of a task as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from taskhub.call.values import as_list
from taskhub.canvas import stamps
from taskhub.canvas.fields import SignatureFields
from taskhub.canvas.structure import describe_non_signature, refuse_link_to_itself
from taskhub.current import current_app
from taskhub.message import new_task_id
from taskhub.result import AsyncResult

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.stamps import StampingVisitor

S = TypeVar("S", bound="Signature")

#: What a dictionary need not say of a signature.
_EMPTY: Mapping[str, Any] = {
    "args": (),
    "kwargs": {},
    "options": {},
    "subtask_type": None,
    "immutable": False,
}


class Signature(SignatureFields):
    """One call of a task as a value: a dictionary with Celery's keys, which JSON can hold.

    Arguments given when it is called go before its own, unless it is immutable.
    """

    TYPES: ClassVar[dict[str, type[Signature]]] = {}
    _app: Celery | None = None
    _type: Any = None

    @classmethod
    def register_type(cls, name: str | None = None) -> Callable[[type[S]], type[S]]:
        """Register a class for a `subtask_type`, by default the class's name."""

        def register(subclass: type[S]) -> type[S]:
            cls.TYPES[name or subclass.__name__] = subclass
            return subclass

        return register

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> Signature:
        """Return the signature that a dictionary holds; what it lacks beside the task is empty.

        Raises:
            TypeError: it holds none.
            ValueError: one of a kind that is not known here.
        """
        if not data.get("task"):
            raise TypeError(describe_non_signature(data))
        if not data.keys() >= _EMPTY.keys():
            data = {**deepcopy(_EMPTY), **data}
        subtask_type = data["subtask_type"]
        if subtask_type:
            target = cls.TYPES.get(subtask_type)
            if target is None:
                raise ValueError(
                    f"No class is registered for signatures of the kind {subtask_type!r}"
                )
            if target is not cls:
                return target.from_dict(data, app=app)
        return Signature(dict(data), app=app)

    def __init__(
        self,
        task: Any = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        type: Any = None,
        subtask_type: str | None = None,
        immutable: bool = False,
        app: Celery | None = None,
        **extra: Any,
    ) -> None:
        self._app = app
        if isinstance(task, dict):
            super().__init__(task)
            return
        if task is not None and not isinstance(task, str):
            self._type, task = task, task.name
        elif type is not None:
            self._type = type
        super().__init__(
            task=task,
            args=tuple(args or ()),
            kwargs=kwargs if kwargs is not None else {},
            options={**(options or {}), **extra},
            subtask_type=subtask_type,
            immutable=immutable,
        )

    # -- the task

    @property
    def app(self) -> Celery:
        """The app whose tasks it calls."""
        if self._app is not None:
            return self._app
        return self._type.app if self._type is not None else current_app()

    @property
    def type(self) -> Any:
        """The task object.

        Raises:
            NotRegistered: no such task is known here.
        """
        return self._type if self._type is not None else self.app.tasks[self["task"]]

    def known_task(self) -> Any:
        """Return the task object, None if no such task is known here."""
        return self._type if self._type is not None else self.app.tasks.get(self["task"])

    # -- changing

    def clone(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return a copy with more arguments and options."""
        if type(self) is Signature and not (args or kwargs or options):
            return self._plain_copy()
        new_args, new_kwargs, new_options = self.merged(args, kwargs, options)
        copy = Signature.from_dict(
            {
                **self,
                "args": tuple(new_args),
                "kwargs": dict(new_kwargs),
                "options": deepcopy(dict(new_options)),
            },
            app=self._app,
        )
        copy._type = self._type
        return copy

    partial = clone

    def _plain_copy(self) -> Signature:
        """Return a copy; the quick way for the members of large groups."""
        copy = Signature.__new__(Signature)
        copy.update(self)
        copy["kwargs"] = dict(self["kwargs"])
        copy["options"] = deepcopy(self["options"]) if self["options"] else {}
        copy._app, copy._type = self._app, self._type
        return copy

    def replace(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Signature:
        """Return a copy with other arguments, keyword arguments or options."""
        copy: Signature = self.clone()
        for name, value in (("args", args), ("kwargs", kwargs), ("options", options)):
            if value is not None:
                copy[name] = value
        return copy

    # -- links

    def link(self, callback: Any) -> Any:
        """Call another signature with the result on success; return that signature."""
        return self.append_to_list_option("link", callback)

    def link_error(self, errback: Any) -> Any:
        """Call another signature on failure; return that signature."""
        return self.append_to_list_option("link_error", errback)

    def on_error(self, errback: Any) -> Signature:
        """As `link_error`, but returns this signature."""
        self.link_error(errback)
        return self

    def append_to_list_option(self, key: str, value: Any) -> Any:
        """Add a signature to an option that is a list, unless it is in it; return the signature.

        Raises:
            TypeError: it is no signature.
            ValueError: it is this one, or leads to it.
        """
        checked(value)
        refuse_link_to_itself(self, value)
        items = as_list(self.options.get(key))
        if value not in items:
            items.append(value)
        self.options[key] = items
        return value

    def flatten_links(self) -> list[Any]:
        """Return this signature and all that is linked to it, and to that."""
        found: list[Any] = [self]
        for signature in self.linked("link"):
            found += signature.flatten_links()
        return found

    def linked(self, option: str) -> list[Any]:
        """Return the signatures that an option links to this one."""
        links = as_list(self.options.get(option))
        return [maybe_signature(link, app=self._app) for link in links]

    @classmethod
    def join(cls, first: Signature, second: Signature) -> Any:
        """Return `first | second`; chains define it."""
        return cls.TYPES["chain"].join(first, second)

    def __or__(self, other: Any) -> Any:
        # Signatures are dictionaries, which `|` would merge.
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.join(self, checked(other))

    def __ror__(self, other: Any) -> Any:
        return checked(other) | self if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Any) -> Any:
        return self.__or__(other)

    # -- stamps

    def stamp(
        self, visitor: StampingVisitor | None = None, append_stamps: bool = False, **headers: Any
    ) -> Any:
        """Write stamps into the headers of this call and all that belongs to it."""
        return stamps.stamp(self, visitor, append_stamps, headers)

    def stamp_links(
        self, visitor: StampingVisitor | None, append_stamps: bool = False, **headers: Any
    ) -> None:
        """Stamp what is linked to this."""
        stamps.stamp_links(self, visitor, append_stamps, headers)

    # -- calling

    def freeze(
        self,
        _id: str | None = None,
        group_id: str | None = None,
        chord: Any = None,
        root_id: str | None = None,
        parent_id: str | None = None,
        group_index: int | None = None,
    ) -> Any:
        """Give the next call its id and its position in a canvas; return its result."""
        options = self.options
        task_id = options.get("task_id")
        if task_id is None:
            task_id = options["task_id"] = _id or new_task_id()
        if group_id:
            options.setdefault("group_id", group_id)
        if chord is not None:
            options["chord"] = chord
        if root_id is not None:
            options["root_id"] = root_id
        if parent_id is not None:
            options["parent_id"] = parent_id
        if group_index is not None:
            options["group_index"] = group_index
        task = self.known_task()
        result: AsyncResult[Any]
        if task is not None and task.sends_plainly:
            # Naming the type of the value in the call would take longer than the call.
            result = AsyncResult(task_id, app=task.app)
        else:
            result = self.AsyncResult(task_id)
        if options.get("ignore_result", task is not None and task.ignore_result):
            result.ignored = True
        return result

    _freeze = freeze

    def AsyncResult(self, task_id: str, **kwargs: Any) -> Any:  # noqa: N802
        """Return the result of a call of its task."""
        task = self.known_task()
        return (self.app if task is None else task).AsyncResult(task_id, **kwargs)

    def delay(self, *args: Any, **kwargs: Any) -> Any:
        """Send a call with more arguments."""
        return self.apply_async(args, kwargs)

    def delay_in(self, connection: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Send a call with more arguments if a transaction of the caller's is committed.

        See `app.transaction`; a canvas is written as a whole.
        """
        with self.app.transaction(connection):
            return self.delay(*args, **kwargs)

    async def adelay_in(self, connection: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Do as `delay_in`, also in the transaction of an `AsyncConnection`."""
        async with self.app.transaction(connection):
            return self.delay(*args, **kwargs)

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Send a call with more arguments and options; see `Task.apply_async`."""
        options.pop("route_name", None)
        given = {name: value for name, value in options.items() if value is not None}
        call_args, call_kwargs, call_options = self.merged(args, kwargs, given)
        task = self.known_task()
        if task is None:
            return self.app.send_task(self["task"], call_args, call_kwargs, **call_options)
        return task.apply_async(call_args, call_kwargs, **call_options)

    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Run a call in this process; see `Task.apply`."""
        given = {name: value for name, value in options.items() if value is not None}
        call_args, call_kwargs, call_options = self.merged(args, kwargs, given)
        return self.type.apply(call_args, call_kwargs, **call_options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task as an ordinary function."""
        call_args, call_kwargs, _ = self.merged(args, kwargs)
        return self.type(*call_args, **call_kwargs)

    def __invert__(self) -> Any:
        return self.apply_async().get()

    # -- being a value

    def __reduce__(self) -> Any:
        return signature, (dict(self),)

    @recursive_repr()
    def __repr__(self) -> str:
        return self.reprcall()


def call_of(task: Any, args: tuple[Any, ...], kwargs: dict[str, Any], immutable: bool) -> Signature:
    """Return the signature of a task's call, quickly: large canvases make thousands."""
    call = Signature.__new__(Signature)
    call._type = task
    call.update(
        task=task.name, args=args, kwargs=kwargs, options={}, subtask_type=None, immutable=immutable
    )
    return call


def signature(varies: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the signature of a task (or its name) with arguments, or of a dictionary."""
    app = kwargs.get("app")
    if isinstance(varies, Signature):
        return varies.clone()
    if isinstance(varies, dict):
        return Signature.from_dict(varies, app=app)
    return Signature(varies, *args, **kwargs)


def maybe_signature(d: Any, app: Celery | None = None, clone: bool = False) -> Any:
    """Return the signature that a value holds, None for None.

    Raises:
        TypeError: it holds none.
    """
    if d is None:
        return None
    found = checked(d)
    if clone and found is d:
        found = found.clone()
    if app is not None:
        found._app = app
    return found


def checked(value: Any) -> Any:
    """Return the signature that a value holds.

    Raises:
        TypeError: it holds none.
    """
    if isinstance(value, Signature):
        return value
    if isinstance(value, Mapping):
        return Signature.from_dict(value)
    raise TypeError(describe_non_signature(value))
