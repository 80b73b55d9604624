"""Every setting by name: all of Celery 5.7's, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from itertools import chain
from types import MappingProxyType
from typing import Any

from taskhub.config.setting import Setting
from taskhub.config.tables import beat, broker, general, result, task, worker
from taskhub.config.tables import other_backends as elsewhere
from taskhub.config.tables import taskhub as own

__all__ = ("NEW_NAMES", "OLD_NAMES", "SETTINGS", "Setting", "defaults", "nearest")

#: Every setting by its name.
SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        setting.name: setting
        for setting in chain.from_iterable(
            table.SETTINGS
            for table in (general, task, result, broker, worker, beat, elsewhere, own)
        )
    }
)

#: Name -> the upper-case name that it had before Celery 4.
OLD_NAMES: Mapping[str, str] = MappingProxyType(
    {name: setting.old for name, setting in SETTINGS.items()}
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
