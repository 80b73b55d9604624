"""``app.conf``: the settings of an application."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pprint import pformat
from typing import Any

from taskhub.config.layers import Layers, unknown_among
from taskhub.config.redaction import redact
from taskhub.config.setting_warnings import warn_of_settings, without_effect
from taskhub.config.settings import SETTINGS, nearest
from taskhub.config.source import UnknownSetting
from taskhub.exceptions import ImproperlyConfigured

__all__ = ("Configuration",)

# Settings that the environment decides, whatever the configuration says (as in Celery).
ENVIRONMENT = {
    "broker_url": ("TASKHUB_BROKER_URL", "CELERY_BROKER_URL"),
    "broker_read_url": ("CELERY_BROKER_READ_URL",),
    "broker_write_url": ("CELERY_BROKER_WRITE_URL",),
    "result_backend": ("TASKHUB_RESULT_BACKEND", "CELERY_RESULT_BACKEND"),
}
# Settings that are not only looked up.
_COMPUTED = frozenset(
    (*ENVIRONMENT, "task_always_eager", "task_eager_propagates", "task_store_eager_result")
)


def _live(name: str, doc: str) -> property:
    """Return a property that has a setting as the source has it now."""
    return property(lambda conf: conf._layers.live(name, conf._value(name)), doc=doc)


class Configuration(MutableMapping[str, Any]):
    """Settings by attribute (``conf.task_serializer``), by item and as a mapping.

    A value comes from the first of these that has one: the environment (for ``broker_url`` and
    ``result_backend``), what was set on this object, :meth:`add_defaults`, the source given to
    :meth:`config_from_object`, the default. Old names (``CELERY_TASK_SERIALIZER``) and names with
    the namespace's prefix are understood everywhere.

    The source is read when a value is first asked for; until then it may be replaced, and settings
    may be set. Values are taken over then: changing the source later changes nothing.

    Args:
        changes: Settings to begin with, as if set on the object.
        arguments: Settings that the application got as arguments (``broker=``); like ``changes``,
            but not part of the check for a mixture of old and new names.
        before_load: Called before the source is read; may still change settings.
        after_load: Called when the values can be read.
    """

    # The values live in __dict__, so that reading one costs a plain attribute access; what belongs
    # to the object itself is in slots and put there by object.__setattr__.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_after_load",
        "_before_load",
        "_layers",
        "_loading",
        "_lock",
        "_unknown",
        "_values",
    )
    _after_load: Callable[[], object] | None
    _before_load: Callable[[], object] | None
    _layers: Layers
    _loading: bool
    _unknown: tuple[UnknownSetting, ...]
    _lock: threading.RLock
    _values: dict[str, Any]

    def __init__(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        arguments: Mapping[str, Any] | None = None,
        before_load: Callable[[], object] | None = None,
        after_load: Callable[[], object] | None = None,
    ) -> None:
        self._put("_layers", Layers(changes or {}, arguments or {}))
        self._put("_lock", threading.RLock())
        self._put("_before_load", before_load)
        self._put("_after_load", after_load)
        self._put("_loading", False)
        self._put("_unknown", ())
        self._put("_values", {})

    # --- Sources ---

    def config_from_object(
        self, obj: Any, silent: bool = False, force: bool = False, namespace: str | None = None
    ) -> None:
        """Take the settings from an object, a mapping, or a module or attribute given by name.

        Args:
            obj: The source, or its name: ``"package.module"``, ``"package.module:attribute"``.
            silent: Whether a source that can't be imported counts as empty.
            force: Whether to read it now; by default it is read when a value is first asked
                for.
            namespace: The prefix of the settings in the source: ``"CELERY"`` finds
                ``CELERY_BROKER_URL``.

        Raises:
            ImportError: The source can't be imported (when it is read).
            ImproperlyConfigured: A value is of the wrong kind, or old and new names are mixed (when
                it is read).
        """
        with self._lock:
            self._layers.set_source(obj, silent, namespace)
            if force or self.loaded:
                self._read()

    def config_from_envvar(
        self, variable_name: str, silent: bool = False, force: bool = False
    ) -> bool:
        """Take the settings from the module that an environment variable names.

        Returns whether the variable was set.

        Raises:
            ImproperlyConfigured: The variable is not set, and ``silent`` is false.
        """
        name = os.environ.get(variable_name)
        if name:
            self.config_from_object(name, silent=silent, force=force)
            return True
        if silent:
            return False
        raise ImproperlyConfigured(
            f"The environment variable {variable_name} is not set; it must name the module that "
            "holds the configuration."
        )

    def add_defaults(self, source: Any) -> None:
        """Add settings that stand above the source and below what is set on this object.

        ``source`` is a mapping, an object, or a callable that returns one and is called when the
        values are first asked for. As in Celery, later additions stand above earlier ones.
        """
        with self._lock:
            self._layers.add(source)
            self._resolve()

    # --- Reading ---

    @property
    def loaded(self) -> bool:
        """Whether the source has been read."""
        return self._layers.loaded

    @property
    def namespace(self) -> str | None:
        """The prefix of the settings in the source, with its underscore; None without one."""
        return self._layers.namespace.prefix or None

    @property
    def changes(self) -> dict[str, Any]:
        """What was set on this object: names and values."""
        return self._layers.changes

    @property
    def broker_url(self) -> Any:
        """The store that holds the messages; None stands for the development store."""
        return _from_environment("broker_url") or self._value("broker_url")

    @property
    def broker_read_url(self) -> Any:
        """Where messages are read; by default ``broker_url``."""
        value = _from_environment("broker_read_url") or self._value("broker_read_url")
        return value or self.broker_url

    @property
    def broker_write_url(self) -> Any:
        """Where messages are written; by default ``broker_url``."""
        value = _from_environment("broker_write_url") or self._value("broker_write_url")
        return value or self.broker_url

    @property
    def result_backend(self) -> Any:
        """The store that holds the results; None stands for that of the messages."""
        return _from_environment("result_backend") or self._value("result_backend")

    # Tests set these while a program runs.
    task_always_eager = _live("task_always_eager", "Whether calls run here and now.")
    task_eager_propagates = _live(
        "task_eager_propagates", "Whether what eager calls raise is raised."
    )
    task_store_eager_result = _live("task_store_eager_result", "Whether eager results are stored.")

    def reload(self) -> None:
        """Read the source anew, if it was read."""
        with self._lock:
            if self._layers.loaded:
                self._layers.load()
                self._resolve()

    def __getattr__(self, name: str) -> Any:
        # Reached only for what __dict__ lacks: before the first load, and for other names.
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            near = nearest(name)
            hint = f" Did you mean {near}?" if near else ""
            raise AttributeError(f"There is no setting {name!r}.{hint}") from None

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name) if name in _COMPUTED else self._value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._load()))

    def __len__(self) -> int:
        return len(self._load())

    def __contains__(self, name: object) -> bool:
        values = self._load()
        return isinstance(name, str) and (name in values or self._layers.name(name) in values)

    def first(self, *names: str) -> Any:
        """Return the value of the first of the settings that is not None."""
        return next((value for name in names if (value := self.get(name)) is not None), None)

    def value_set_for(self, name: str) -> bool:
        """Return whether a setting has a value other than by default."""
        return self._layers.name(name) in self.without_defaults()

    def without_defaults(self) -> dict[str, Any]:
        """Return the settings that have a value other than by default."""
        self._load()
        return self._layers.without_defaults()

    @property
    def unknown_settings(self) -> tuple[UnknownSetting, ...]:
        """Names that look like settings and are none, and the nearest, as the source writes it."""
        self._load()
        return self._unknown

    def without_effect(self) -> dict[str, str]:
        """Return the settings that were set and change nothing: name -> why."""
        return without_effect(self.without_defaults())

    def with_defaults(self) -> dict[str, Any]:
        """Return all settings."""
        return {name: self[name] for name in self}

    def find_value_for_key(self, name: str, namespace: str = "celery") -> Any:
        """Return the value of ``<namespace>_<name>`` or, if there is none, of ``<name>``."""
        full = f"{namespace}_{name}"
        return self[full] if full in SETTINGS else self[name]

    def get_by_parts(self, *parts: str) -> Any:
        """Return the value of the setting whose name has these parts."""
        return self["_".join(part for part in parts if part)]

    def table(self, with_defaults: bool = False, censored: bool = True) -> dict[str, Any]:
        """Return names and values to show; ``censored`` masks secrets."""
        shown = self.with_defaults() if with_defaults else self.without_defaults()
        return redact(shown) if censored else shown

    def humanize(self, with_defaults: bool = False, censored: bool = True) -> str:
        """Return :meth:`table` as text, a line for each setting."""
        return "\n".join(
            f"{name}: {pformat(value, width=80)}"
            for name, value in self.table(with_defaults, censored).items()
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({redact(self.changes)!r})"

    # --- Changing ---

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError as error:
            raise AttributeError(*error.args) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        """Take a change back: the setting has again the value that it had without it."""
        self.pop(name)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several settings, given as for ``dict.update``.

        Raises:
            ImproperlyConfigured: A value is not of its setting's kind; nothing is changed then.
                Before the source is read, this is raised when it is.
        """
        with self._lock:
            changed = self._layers.change(dict(*args, **kwargs))
            self._resolve()
            loaded = self._layers.loaded
        if loaded:
            warn_of_settings(unknown_among(changed), changed)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set a setting that has no value; before the source is read, one that was not set here."""
        with self._lock:
            if not self._layers.loaded:
                return self.changes.setdefault(name, default)
            if name not in self:
                self[name] = default
            return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        """Take a change back and return it."""
        with self._lock:
            key = self._layers.key(name)
            if key not in self.changes and not default:
                raise KeyError(f"{name} was not set on this object, so it can't be taken back.")
            value = self.changes.pop(key, *default)
            self._resolve()
            return value

    def clear(self) -> None:
        """Take all changes back."""
        with self._lock:
            self.changes.clear()
            self._resolve()

    def copy(self) -> Configuration:
        """Return a configuration with the same values that can be changed by itself."""
        self._load()
        copied = Configuration()
        copied._put("_layers", self._layers.copy())
        copied._put("_unknown", self._unknown)
        copied._resolve()
        return copied

    __copy__ = copy

    # --- Loading ---

    def _put(self, slot: str, value: Any) -> None:
        object.__setattr__(self, slot, value)

    def _value(self, name: str) -> Any:
        values = self._load()
        return values[name] if name in values else values[self._layers.name(name)]

    def _load(self) -> dict[str, Any]:
        """Return all values, after reading the source if that was not done."""
        if not self._values:
            with self._lock:
                if self._loading:
                    # before_load asks for a value: it gets what is known without the source.
                    return self._layers.merged()
                if not self._values:
                    self._read()
        return self._values

    def _read(self) -> None:
        self._put("_loading", True)
        try:
            if self._before_load is not None:
                self._before_load()
            unknown = self._layers.load()
        except AttributeError as error:
            # Left as it is, it would be taken for a missing attribute of this object.
            raise ImproperlyConfigured(f"The configuration can't be read: {error}") from error
        finally:
            self._put("_loading", False)
        self._put("_unknown", tuple(unknown))
        self._resolve()
        warn_of_settings(unknown, self._layers.without_defaults())
        if self._after_load is not None:
            self._after_load()

    def _resolve(self) -> None:
        """Work out all values anew, if they are known at all."""
        if not self._layers.loaded:
            return
        values = self._layers.merged()
        self._put("_values", values)
        self._put(
            "__dict__", {name: values[name] for name in values if not hasattr(type(self), name)}
        )


def _from_environment(name: str) -> str | None:
    for variable in ENVIRONMENT[name]:
        value = os.environ.get(variable)
        if value:
            return value
    return None
