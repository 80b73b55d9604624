"""The registry of commands, as `celery.worker.control.Panel`."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class CommandInfo(NamedTuple):
    """The description of a command, with the fields of Celery's `controller_info_t`."""

    alias: str | None
    #: "inspect": it only reads; "control": it changes something.
    type: str
    #: Whether it is listed.
    visible: bool
    #: Seconds.
    default_timeout: float
    help: str
    #: Its arguments, for people.
    signature: str | None
    #: Its positional arguments on the command line: name and type.
    args: Sequence[tuple[str, Callable[[str], Any]]] | None
    #: The argument that takes all further ones.
    variadic: str | None


class Panel(UserDict[str, Callable[..., Any]]):
    """All commands by name. Each is called with a `WorkerState` and the arguments of the caller."""

    data: ClassVar[dict[str, Callable[..., Any]]] = {}  # type: ignore[misc]
    meta: ClassVar[dict[str, CommandInfo]] = {}

    @classmethod
    def register(cls, *functions: Any, **options: Any) -> Any:
        """Register a function as a command; a decorator with or without options."""
        decorate = cls._decorator(**options)
        return decorate(*functions) if functions else decorate

    @classmethod
    def _decorator(
        cls,
        name: str | None = None,
        alias: str | None = None,
        type: str = "control",
        visible: bool = True,
        default_timeout: float = 1.0,
        help: str | None = None,
        signature: str | None = None,
        args: Sequence[tuple[str, Callable[[str], Any]]] | None = None,
        variadic: str | None = None,
    ) -> Callable[[F], F]:
        def decorate(function: F) -> F:
            named = name or function.__name__
            described = help or (function.__doc__ or "").strip().split("\n")[0]
            cls.data[named] = function
            cls.meta[named] = CommandInfo(
                alias, type, visible, default_timeout, described, signature, args, variadic
            )
            if alias:
                cls.data[alias] = function
            return function

        return decorate


def control_command(**options: Any) -> Callable[[F], F]:
    """Register a command that changes something; options as `Panel.register`."""
    decorate: Callable[[F], F] = Panel.register(type="control", **options)
    return decorate


def inspect_command(**options: Any) -> Callable[[F], F]:
    """Register a command that only reads; options as `Panel.register`."""
    decorate: Callable[[F], F] = Panel.register(type="inspect", **options)
    return decorate


def ok(value: Any) -> dict[str, Any]:
    """Return the reply of a command that was carried out."""
    return {"ok": value}


def nok(value: Any) -> dict[str, Any]:
    """Return the reply of a command that could not be carried out."""
    return {"error": value}
