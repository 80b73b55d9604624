"""The layers that settings come from, the stronger above the weaker."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from taskhub.config import source as sources
from taskhub.config.settings import NEW_NAMES, SETTINGS, defaults, nearest
from taskhub.config.source import UnknownSetting

__all__ = ("Layers", "unknown_among")

# Names the module to read where no source was given.
_MODULE_VARIABLE = "CELERY_CONFIG_MODULE"


class Layers:
    """What was set, what was added, and what the source says, in this order above the defaults.

    Until :meth:`load` names are kept as they were written, because the check for a mixture of old
    and new names wants them so; from then on they are the new ones.
    """

    def __init__(self, changes: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.changes: dict[str, Any] = {**changes, **arguments}
        self.namespace = sources.Namespace(None)
        self.loaded = False
        self._arguments = frozenset(arguments)
        self._source: Any = None
        self._silent = False
        # Django's settings, if they are the source: what they say may change while a program runs.
        self._live: Any = None
        self._source_values: dict[str, Any] = {}
        # What was added before the first load, and after it, the latest first.
        self._pending: list[Any] = []
        self._added: list[dict[str, Any]] = []
        # Dictionaries among them can be filled in place, so they are made once.
        self._defaults = defaults()

    def set_source(self, source: Any, silent: bool, namespace: str | None) -> None:
        """Take another source, which is not read yet."""
        self._source = source
        self._silent = silent
        if namespace:
            self.namespace = sources.Namespace(namespace)

    def load(self) -> list[UnknownSetting]:
        """Read the source and return the settings that are unknown.

        Raises:
            ImportError: The source can't be imported.
            ImproperlyConfigured: A value is of the wrong kind, or old and new names are mixed.
        """
        source = self._source_object()
        if not self.namespace:
            if source is None:
                sources.refuse_mixture(self.changes.keys() - self._arguments)
            else:
                sources.refuse_mixture(set(sources.attributes(source)))
        found = sources.Source({}, [])
        self._live = source if self.namespace and sources.is_live(source) else None
        if source is not None:
            found = sources.read(source, self.namespace)
        changes = self._checked(self.changes)
        added = [self._read(pending) for pending in reversed(self._pending)]
        self.changes = changes
        self._source_values = found.values
        self._added = [*added, *self._added]
        self._pending = []
        self.loaded = True
        return [*found.unknown, *unknown_among(changes)]

    def add(self, source: Any) -> None:
        """Add a layer above the source, and above those that were added before."""
        if self.loaded:
            self._added.insert(0, self._read(source))
        else:
            self._pending.append(source)

    def change(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Set settings, all or none, and return them by new names."""
        changes = self._checked(given) if self.loaded else dict(given)
        self.changes.update(changes)
        return changes

    def live(self, name: str, value: Any) -> Any:
        """Return a setting as Django's settings have it now, if they are the source; else `value`.

        Args:
            name: The setting.
            value: Its value as it was read.
        """
        settings = self._live
        if settings is None or name in self.changes or any(name in one for one in self._added):
            return value
        return getattr(settings, self.namespace.add_to(name), SETTINGS[name].default)

    def without_defaults(self) -> dict[str, Any]:
        """Return the settings of all layers but the defaults."""
        merged = dict(self._source_values)
        for added in reversed(self._added):
            merged.update(added)
        merged.update(self.changes)
        return merged

    def merged(self) -> dict[str, Any]:
        """Return all settings."""
        values = {**self._defaults, **self.without_defaults()}
        # Django's name for the same thing.
        if values["timezone"] is None:
            values["timezone"] = values.get("TIME_ZONE")
        for name in ("task_default_exchange", "task_default_routing_key"):
            if values[name] is None:
                values[name] = values["task_default_queue"]
        return values

    def name(self, written: str) -> str:
        """Return the new name of a setting written in any way."""
        if written in SETTINGS:
            return written
        bare = self.namespace.remove_from(written)
        return bare if bare in SETTINGS else NEW_NAMES.get(written, written)

    def key(self, written: str) -> str:
        """Return the name under which ``changes`` has a setting."""
        return self.name(written) if self.loaded else written

    def copy(self) -> Layers:
        """Return layers that can be changed by themselves."""
        copied = Layers(self.changes, {})
        copied.__dict__.update(self.__dict__)
        copied.changes = dict(self.changes)
        copied._added = list(self._added)
        copied._defaults = defaults()
        return copied

    def _source_object(self) -> Any:
        source = self._source or os.environ.get(_MODULE_VARIABLE)
        if not isinstance(source, str):
            return source
        try:
            return sources.load_object(source)
        except ImportError:
            if self._silent:
                return None
            raise

    def _read(self, source: Any) -> dict[str, Any]:
        return sources.read(source() if callable(source) else source, self.namespace).values

    def _checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        checked = {}
        for written, value in given.items():
            name = self.name(written)
            setting = SETTINGS.get(name)
            checked[name] = value if setting is None else setting.check(value)
        return checked


def unknown_among(changes: Iterable[str]) -> list[UnknownSetting]:
    """Return the unknown ones among the names of settings that a program sets itself."""
    return [UnknownSetting(name, nearest(name)) for name in changes if name not in SETTINGS]
