"""Every setting by name: all of Celery 5.7's, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from taskhub.config.old_names import old_name
from taskhub.config.setting import Setting
from taskhub.config.tables import beat, broker, general, result, task, worker
from taskhub.config.tables import other_backends as elsewhere
from taskhub.config.tables import taskhub as own

__all__ = ("NEW_NAMES", "OLD_NAMES", "SETTINGS", "Setting", "defaults", "nearest")

#: Every setting by its name.
SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        setting.name: setting
        for table in (general, task, result, broker, worker, beat, elsewhere, own)
        for setting in table.SETTINGS
    }
)
_OWN = frozenset(setting.name for setting in own.SETTINGS)

#: Name -> the upper-case name that it had before Celery 4.
OLD_NAMES: Mapping[str, str] = MappingProxyType(
    {name: name.upper() if name in _OWN else old_name(name) for name in SETTINGS}
)

#: Old name -> name.
NEW_NAMES: Mapping[str, str] = MappingProxyType({old: name for name, old in OLD_NAMES.items()})


def defaults() -> dict[str, Any]:
    """Return the default of every setting; dictionaries among them are new ones."""
    return {name: deepcopy(setting.default) for name, setting in SETTINGS.items()}


def nearest(name: str) -> str | None:
    """Return the known name that an unknown one most resembles, if any does."""
    import difflib

    close = difflib.get_close_matches(name, [*SETTINGS, *NEW_NAMES], n=1, cutoff=0.75)
    return close[0] if close else None
