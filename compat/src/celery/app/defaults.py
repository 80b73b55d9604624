"""The settings and their defaults, for programs that look them up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from celery._unsupported import unsupported_getattr
from taskhub.config import settings
from taskhub.config.setting import Setting
from taskhub.config.tables.worker import LOG_FORMAT, TASK_LOG_FORMAT

#: The beginnings of names under which `NAMESPACES` has the rest of them.
_SPACES = (
    *(
        "beat",
        "broker",
        "cache",
        "cassandra",
        "s3",
        "azureblockblob",
        "gcs",
        "control",
        "couchbase",
    ),
    *("arangodb", "mongodb", "cosmosdbsql", "event", "redis", "result", "elasticsearch"),
    *("security", "database", "task", "worker"),
)
_TOP = ("result_accept_content",)


class Option:
    """One setting, under the attributes of Celery's `Option`.

    Args:
        default: Its default.
        kwargs: Further attributes.
    """

    #: What to use instead; None: it is in use.
    alt: str | None = None
    deprecate_by: str | None = None
    remove_by: str | None = None
    #: Names that it had before.
    old: frozenset[str] = frozenset()
    setting: Setting | None = None

    def __init__(self, default: Any = None, *args: Any, **kwargs: Any) -> None:
        self.default = default
        self.type = "any"
        vars(self).update(kwargs)

    def to_python(self, value: Any) -> Any:
        """Return a value, read from text if need be.

        Raises:
            ImproperlyConfigured: The setting does not take it.
        """
        return value if self.setting is None else self.setting.check(value)

    def __repr__(self) -> str:
        return f"<Option: type->{self.type} default->{self.default!r}>"


class searchresult(NamedTuple):
    """Where a setting was found."""

    namespace: str | None
    key: str
    type: Any


def _option(setting: Setting) -> Option:
    kind = setting.kind.types[0].__name__ if setting.kind.types else "any"
    old = settings.OLD_NAMES[setting.name]
    names = frozenset((old,)) if old != setting.name.upper() else frozenset()
    return Option(setting.default, setting=setting, type=kind, old=names)


def _by_namespace(options: Mapping[str, Option]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, option in options.items():
        space, _, key = name.partition("_")
        if key and space in _SPACES and name not in _TOP:
            nested.setdefault(space, {})[key] = option
        else:
            nested[name] = option
    return nested


def flatten(
    d: Mapping[str, Any],
    root: str = "",
    keyfilter: Callable[[str, str, Any], Iterator[Any]] | None = None,
) -> Iterator[Any]:
    """Yield (name, option) of the settings in nested namespaces, or what `keyfilter` yields."""
    for key, option in d.items():
        if isinstance(option, dict):
            yield from flatten(option, f"{root}{key}_", keyfilter)
        elif keyfilter is None:
            yield root + key, option
        else:
            yield from keyfilter(root, key, option)


#: Every setting by name.
_OPTIONS: Mapping[str, Option] = {
    name: _option(setting) for name, setting in settings.SETTINGS.items()
}
#: The same, those with a common beginning under it: `NAMESPACES["task"]["default_queue"]`.
NAMESPACES: dict[str, Any] = _by_namespace(_OPTIONS)
#: Name -> default.
DEFAULTS: dict[str, Any] = settings.defaults()
SETTING_KEYS = frozenset(_OPTIONS)

DEFAULT_POOL = "prefork"
DEFAULT_ACCEPT_CONTENT = ("json",)
DEFAULT_PROCESS_LOG_FMT = LOG_FORMAT
DEFAULT_TASK_LOG_FMT = TASK_LOG_FORMAT


def find(name: str, namespace: str = "celery") -> searchresult:
    """Return where a setting is, by its name without or with its namespace.

    Raises:
        KeyError: There is none of this name.
    """
    name, namespace = name.lower(), namespace.lower()
    spaces = {space: options for space, options in NAMESPACES.items() if isinstance(options, dict)}
    if name in spaces.get(namespace, {}):
        return searchresult(namespace, name, spaces[namespace][name])
    for space, options in NAMESPACES.items():
        if space == name:
            return searchresult(None, space, options)
        if isinstance(options, dict) and name in options:
            return searchresult(space, name, options[name])
    return searchresult(None, name, _OPTIONS[name])


__all__ = (
    "DEFAULTS",
    "DEFAULT_ACCEPT_CONTENT",
    "DEFAULT_POOL",
    "DEFAULT_PROCESS_LOG_FMT",
    "DEFAULT_TASK_LOG_FMT",
    "NAMESPACES",
    "SETTING_KEYS",
    "Option",
    "find",
    "flatten",
    "searchresult",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
