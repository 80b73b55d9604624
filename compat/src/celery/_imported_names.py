"""Names that Celery's modules only import from others: `from celery.beat import crontab`.

Programs import them from there, often because an editor wrote the line. `_imported_names.txt` lists
where each comes from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ("find_imported", "imported_names")


@cache
def imported_names() -> Mapping[str, Mapping[str, str]]:
    """Return the names that Celery's modules import: module -> name -> its full path."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        where, _, names = line.partition(":")
        module, _, origin = where.partition(" < ")
        for text in names.split():
            name, _, original = text.partition("=")
            found[module][name] = f"{origin}.{original or name}".lstrip(".")
    return found


def find_imported(module: str, name: str) -> Any:
    """Return what Celery's module imports under a name.

    Raises:
        KeyError: It imports no such name, or from a library that is not installed.
    """
    path = imported_names()[module][name]
    origin, _, last = path.rpartition(".")
    try:
        if origin:
            value = getattr(import_module(origin), last, None)
            if value is not None:
                return value
        return import_module(path)
    except ImportError as error:
        raise KeyError(name) from error
