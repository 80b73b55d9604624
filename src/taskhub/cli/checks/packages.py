"""Python, and the packages beside us."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING

from taskhub import __version__
from taskhub.cli.checks.finding import Finding

if TYPE_CHECKING:
    from taskhub.app.app import Celery

OLDEST_PYTHON = (3, 11)
#: In the version of the distribution `celery` that is ours.
OUR_MARK = "+taskhub"
_NEEDED = ("dramatiq", "redis", "click", "rich", "jinja2")


def check_versions(app: Celery) -> Iterator[Finding]:
    """Look at the versions of Python and of what we build on."""
    python = f"Python {platform.python_version()}, taskhub {__version__}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding("fail", "python", python, "use Python 3.11 or later")
    else:
        yield Finding("ok", "python", python)
    found, missing = [], []
    for name in _NEEDED:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        advice = f"install them: pip install {' '.join(missing)}"
        yield Finding("fail", "packages", f"missing: {', '.join(missing)}", advice)
    else:
        yield Finding("ok", "packages", ", ".join(found))
    if importlib.util.find_spec("hiredis") is None:
        yield Finding(
            "warn", "packages", "hiredis is missing: replies are read slowly", "pip install hiredis"
        )


def check_celery(app: Celery) -> Iterator[Finding]:
    """See whether `import celery` is ours or Celery's own."""
    version, ours = _version("celery"), _version("taskhub-compat")
    if OUR_MARK in version:
        # The distribution of that name that only says that taskhub-compat is here.
        version = ""
    if ours and not version:
        yield Finding("ok", "celery", f"`import celery` is taskhub-compat {ours}")
    elif not version:
        return
    elif ours:
        yield Finding(
            "fail",
            "celery",
            f"Celery {version} and taskhub-compat {ours} both bring the module `celery`",
            "uninstall both, then install taskhub-compat again: pip uninstall celery taskhub-compat; if a package "
            "requires celery, see docs/compat.md",
        )
    else:
        yield Finding(
            "warn",
            "celery",
            f"Celery {version} is installed: `import celery` is Celery's own, not taskhub",
            "import from taskhub, or replace Celery by taskhub-compat",
        )


def _version(distribution: str) -> str:
    """Return the version of what is installed; empty: it is not."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def check_settings(app: Celery) -> Iterator[Finding]:
    """See whether every setting is known and has an effect."""
    from taskhub.config.settings import SETTINGS, nearest

    given = app.conf.without_defaults()
    unknown = [name for name in given if name not in SETTINGS]
    for name in unknown:
        near = nearest(name)
        advice = f"did you mean {near}?" if near else "remove it"
        yield Finding("fail", "settings", f"there is no setting {name}", advice)
    if not unknown:
        yield Finding("ok", "settings", f"{len(given)} set, all known")
