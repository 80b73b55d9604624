"""Check which distributions provide the import name `celery`: ours, Celery's own, or both."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

#: In the version of the distribution `celery` that is ours.
OUR_MARK: Final = "+taskhub"
#: Stands in the first lines of our `celery/__init__.py`.
_SIGN: Final = "run on taskhub"
_AGAIN: Final = (
    "uninstall both, install ours: pip uninstall -y celery taskhub-compat, "
    "and docs/migrating.md#install"
)


class CeleryNames(NamedTuple):
    """What is installed under Celery's names."""

    #: The version of Celery itself; empty: it is not installed.
    celerys: str
    #: Our distributions that have the import name, each with its version.
    ours: tuple[str, ...]
    #: Whether `import celery` finds our files; None: it finds nothing that can be imported.
    finds_ours: bool | None


class Complaint(NamedTuple):
    """What is wrong, and what to do."""

    message: str
    advice: str


def celery_names() -> CeleryNames:
    """Look at what is installed, and at the file that `import celery` finds."""
    celery, compat = _version("celery"), _version("taskhub-compat")
    ours = [f"taskhub-compat {compat}"] if compat else []
    if OUR_MARK in celery:
        ours.append(f"celery {celery}")
        celery = ""
    return CeleryNames(celery, tuple(ours), _finds_ours())


def complain_of(names: CeleryNames) -> Complaint | None:
    """Return what is wrong where our files are, or should be; None: nothing."""
    if not names.ours:
        return None
    ours = " and ".join(names.ours)
    if names.celerys:
        found = {True: "taskhub's", False: "Celery's", None: "nothing"}[names.finds_ours]
        return Complaint(
            f"Celery {names.celerys} and {ours} are both installed and overwrite each other's "
            f"files: `import celery` finds {found}",
            _AGAIN,
        )
    if not names.finds_ours:
        return Complaint(
            f"the files of {ours} are gone, as when Celery is uninstalled after it",
            "install it again: pip install --force-reinstall --no-deps, and its file or name",
        )
    return None


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _finds_ours() -> bool | None:
    try:
        found = importlib.util.find_spec("celery")
    except (ImportError, ValueError):
        return None
    if found is None or found.origin is None:
        return None
    with Path(found.origin).open(encoding="utf-8", errors="replace") as file:
        return _SIGN in file.read(500)
