"""What a setting is: its name, its default, the values it takes, and what it means here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from taskhub.config.checks import CHECKS
from taskhub.config.ranges import check_range
from taskhub.exceptions import ImproperlyConfigured
from taskhub.names import check_name

__all__ = (
    "ANY",
    "BOOLEAN",
    "BYTES",
    "FLOAT",
    "INTEGER",
    "MAPPING",
    "NAME",
    "NAMES",
    "SECONDS",
    "TEXT",
    "TRANSACTION",
    "Kind",
    "Setting",
    "honoured",
    "without_effect",
)

_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """The values that a setting takes; None is always among them."""

    # How an error message calls such a value.
    expected: str
    # Empty: any type will do.
    types: tuple[type, ...] = ()
    # Reads the text of an environment variable; raises KeyError or ValueError if it is none.
    parse: Callable[[str], Any] | None = None
    # Whether the text is a name that is part of what is stored.
    named: bool = False


ANY = Kind("anything")
BOOLEAN = Kind("True or False", (bool,), lambda text: _TRUTH[text.strip().lower()])
INTEGER = Kind("a whole number", (int,), int)
FLOAT = Kind("a number", (int, float), float)
SECONDS = Kind("a number of seconds or a timedelta", (int, float, timedelta), float)
TEXT = Kind("a string", (str,))
NAME = Kind("a string", (str,), named=True)
BYTES = Kind("bytes or a string", (bytes, str))
NAMES = Kind("a list of strings", (list, tuple, set, frozenset, str))
MAPPING = Kind("a dictionary", (Mapping,))
TRANSACTION = Kind("True, False or the alias of a database", (bool, str))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the application."""

    name: str
    default: Any
    kind: Kind
    # What it does, if it is honoured.
    about: str
    # Why setting it changes nothing; empty for a setting that is honoured.
    reason: str = ""

    @property
    def honoured(self) -> bool:
        """Whether setting it has an effect."""
        return not self.reason

    def check(self, value: Any) -> Any:
        """Return the value, read from text if need be (``"4"``, ``"false"``).

        A setting without effect takes anything.

        Raises:
            ImproperlyConfigured: It is not of the setting's kind, or out of its range.
        """
        kind = self.kind
        if value is None or not self.honoured:
            return value
        if kind.types:
            value = check_range(self.name, self._of_kind(value))
        if self.name in CHECKS:
            value = CHECKS[self.name](self.name, value)
        if kind.named:
            try:
                check_name(f"Setting {self.name}:", value)
            except ValueError as error:
                raise ImproperlyConfigured(str(error)) from None
        return value

    def _of_kind(self, value: Any) -> Any:
        kind = self.kind
        if isinstance(value, kind.types) and not (
            isinstance(value, bool) and bool not in kind.types
        ):
            return value
        if kind is BOOLEAN and value in (0, 1):
            return bool(value)
        if isinstance(value, str) and kind.parse is not None:
            try:
                return kind.parse(value)
            except (KeyError, ValueError):
                pass
        from taskhub.config.redaction import redact_value

        raise ImproperlyConfigured(
            f"Setting {self.name} must be {kind.expected}, not "
            f"{redact_value(self.name, value)!r} ({type(value).__qualname__})."
        )


def honoured(name: str, default: Any, kind: Kind, about: str) -> Setting:
    """Return a setting that has its effect."""
    return Setting(name, default, kind, about)


def without_effect(reason: str, **defaults: Any) -> tuple[Setting, ...]:
    """Return settings that are accepted and change nothing, by their defaults; and why."""
    return tuple(Setting(name, value, ANY, "", reason) for name, value in defaults.items())
