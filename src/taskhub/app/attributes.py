"""Attributes of an app that other distributions add, by entry points of `taskhub.app_attributes`.

An entry point names a class. It is made with the app when an attribute is first asked for that the
app does not have; its public attributes and methods are then the app's. Its method `_advice_on`, if
it has one, returns what to do without an attribute, for the error's text. `taskhub-compat` adds in
this way what Celery's app has and taskhub itself does not need.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

GROUP: Final = "taskhub.app_attributes"


@cache
def extension_classes() -> tuple[type[Any], ...]:
    """Return the classes that the installed distributions name, sorted by entry point."""
    from importlib.metadata import entry_points

    return tuple(point.load() for point in sorted(entry_points(group=GROUP)))


class AppAttributes:
    """Looks up the attributes that other distributions add to an app."""

    # Declared for type checkers, and for the text of the error where taskhub-compat is missing.
    amqp: Any
    Beat: Any
    beat_service: Any
    broker_connection: Any
    configured: Any
    connection: Any
    connection_for_read: Any
    connection_for_write: Any
    connection_or_acquire: Any
    default_connection: Any
    default_producer: Any
    either: Any
    EventState: Any
    IS_macOS: Any
    IS_WINDOWS: Any
    loader: Any
    log: Any
    pool: Any
    producer_or_acquire: Any
    producer_pool: Any
    select_queues: Any
    step_runner: Any
    SYSTEM: Any
    user_options: Any
    uses_utc_timezone: Any
    WorkController: Any
    Worker: Any

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):
                # A property has raised AttributeError: show that one.
                return object.__getattribute__(self, name)
            if not name.startswith("_"):
                for extension in self._extensions():
                    if hasattr(type(extension), name):
                        return getattr(extension, name)
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_"):
                for extension in self._extensions():
                    advice = getattr(extension, "_advice_on", None)
                    found = advice(name) if advice is not None else None
                    text += f": {found}" if found else ""
            if name in AppAttributes.__annotations__:
                text += f": app.{name} is part of taskhub-compat, which is not installed"
            raise AttributeError(text, name=name, obj=self)

        def __dir__(self) -> list[str]:
            added = (name for one in extension_classes() for name in dir(one) if name[0] != "_")
            return sorted({*super().__dir__(), *added})

    def _extensions(self) -> tuple[Any, ...]:
        made: tuple[Any, ...] | None = vars(self).get("_made_extensions")
        if made is None:
            made = tuple(extension(self) for extension in extension_classes())
            vars(self)["_made_extensions"] = made
        return made
