"""Where the configuration is read from: an object, a module, a mapping."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

from taskhub.config.settings import NEW_NAMES, OLD_NAMES, SETTINGS, nearest
from taskhub.exceptions import ImproperlyConfigured

__all__ = (
    "Namespace",
    "Source",
    "UnknownSetting",
    "attributes",
    "load_object",
    "read",
    "refuse_mixture",
)


_OLD_PREFIXES = ("CELERY", "BROKER_")


class UnknownSetting(NamedTuple):
    """A name that looks like a setting and is none."""

    # As it is written.
    name: str
    # The setting that it most resembles, as that would be written there; None: none does.
    nearest: str | None


class Source(NamedTuple):
    """What was read from one source."""

    # By new names; what is not a setting by its own name.
    values: dict[str, Any]
    unknown: list[UnknownSetting]


class Namespace:
    """The prefix of the settings in a source that holds other settings, too (``CELERY_``)."""

    def __init__(self, prefix: str | None) -> None:
        self.prefix = f"{prefix.rstrip('_')}_" if prefix else ""

    def __bool__(self) -> bool:
        return bool(self.prefix)

    def add_to(self, name: str) -> str:
        """Return the name as it is written in the source, in the case of the prefix."""
        full = name if name.startswith(self.prefix) else self.prefix + name
        return full.upper() if self.prefix.isupper() else full.lower()

    def remove_from(self, name: str) -> str:
        """Return a name of the source without the prefix; others as they are."""
        if self.prefix and name.startswith(self.prefix):
            return name[len(self.prefix) :].lower()
        return name


def load_object(path: str) -> Any:
    """Return what ``package.module``, ``package.module:attribute`` or ``module.attribute`` names.

    The current directory is looked in as well, as Celery does.

    Raises:
        ImportError: There is no such module or attribute, or importing it failed.
    """
    module_name, _, attribute = path.partition(":")
    with _current_directory_on_path():
        if attribute:
            return _attribute(importlib.import_module(module_name), attribute)
        try:
            return importlib.import_module(path)
        except ModuleNotFoundError as error:
            parent, _, attribute = path.rpartition(".")
            # A module that exists but imports one that does not must say so itself.
            if not (error.name and (path == error.name or path.startswith(f"{error.name}."))):
                raise
            if attribute == "py":
                raise ModuleNotFoundError(
                    f"There is no module {path!r}: it is a file name. Did you mean {parent!r}?",
                    name=error.name,
                ) from None
            if not parent:
                raise ModuleNotFoundError(
                    f"There is no module {path!r} to read the configuration from: it must be in "
                    "the current directory or on PYTHONPATH.",
                    name=error.name,
                ) from None
            return _attribute(importlib.import_module(parent), attribute)


def is_live(source: Any) -> bool:
    """Return whether a source is to be asked again: Django's settings, or what stands for them."""
    kind = type(source)
    is_django = kind.__module__ == "django.conf" and kind.__name__ == "LazySettings"
    return is_django or getattr(kind, "is_live", False) is True


def attributes(source: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and the public values of any other object as a mapping."""
    if isinstance(source, Mapping):
        return source
    values = {}
    for name in dir(source):
        if not name.startswith("_"):
            try:
                values[name] = getattr(source, name)
            except Exception:
                # Django's settings raise for some names until all of them are set.
                continue
    return values


def read(source: Any, namespace: Namespace) -> Source:
    """Return what a source sets; a prefixed name wins over a new one, that over an old one.

    Raises:
        ImproperlyConfigured: A value is not of its setting's kind.
    """
    found = attributes(source)
    values: dict[str, Any] = {}
    unknown: list[UnknownSetting] = []
    for written, value in found.items():
        name = namespace.remove_from(written)
        if name not in SETTINGS and name not in NEW_NAMES and written not in NEW_NAMES:
            values[name] = value
            if namespace:
                # Programs keep settings of their own under the prefix, too.
                suspect = name != written and nearest(name) is not None
            else:
                suspect = isinstance(source, Mapping) or _resembles_setting(written, value)
            if suspect:
                unknown.append(_unknown(source, written, name, namespace))
    for name, setting in SETTINGS.items():
        candidates = [name, OLD_NAMES[name]]
        if namespace:
            candidates.insert(0, namespace.add_to(name))
        for candidate in candidates:
            if candidate in found:
                values[name] = setting.check(found[candidate])
                break
    return Source(values, unknown)


def _unknown(source: Any, written: str, name: str, namespace: Namespace) -> UnknownSetting:
    """Return what is to be said of an unknown setting, in the words of its source."""
    near = nearest(name)
    if near and name != written:
        near = namespace.add_to(near)
    spelling = getattr(type(source), "spelling", None)
    return (
        UnknownSetting(*spelling(source, written, near))
        if spelling
        else UnknownSetting(written, near)
    )


def refuse_mixture(names: set[str]) -> None:
    """Check that settings are all in the new style or all in the old, as Celery does.

    A setting may be given in both styles at once, for the time of a change.

    Raises:
        ImproperlyConfigured: Some are in the one style and some in the other.
    """
    new, old = names & SETTINGS.keys(), names & NEW_NAMES.keys()
    if len(old) > len(new):
        style, minority, counterpart = "old", new, OLD_NAMES
    else:
        style, minority, counterpart = "new", old, NEW_NAMES
    renames = [
        f"    {name:<36} -> {counterpart[name]}"
        for name in sorted(minority)
        if counterpart[name] not in names
    ]
    if renames:
        raise ImproperlyConfigured(
            "The configuration mixes old and new names of settings. Most are in the "
            f"{style} style; rename the others:\n\n" + "\n".join(renames)
        )


def _resembles_setting(name: str, value: Any) -> bool:
    """Return whether a name in a module or object, which hold much else, was meant as a setting."""
    if isinstance(value, ModuleType) or callable(value):
        return False
    return (name.islower() or name.startswith(_OLD_PREFIXES)) and nearest(name) is not None


def _attribute(found: Any, path: str) -> Any:
    for name in path.split("."):
        if not hasattr(found, name):
            raise ImportError(f"{found!r} has no {name!r} to read the configuration from.")
        found = getattr(found, name)
    return found


@contextmanager
def _current_directory_on_path() -> Generator[None]:
    directory = os.getcwd()
    if directory in sys.path:
        yield
        return
    sys.path.insert(0, directory)
    try:
        yield
    finally:
        if directory in sys.path:
            sys.path.remove(directory)
