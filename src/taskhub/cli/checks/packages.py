"""Python, and the packages beside us."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING

from taskhub import __version__
from taskhub.cli.checks.clash import celery_names, complain_of
from taskhub.health import Finding

if TYPE_CHECKING:
    from taskhub.app.app import Celery

OLDEST_PYTHON = (3, 11)
_NEEDED = ("dramatiq", "redis", "click", "rich")


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
    names = celery_names()
    complaint = complain_of(names)
    if complaint is not None:
        yield Finding("fail", "celery", *complaint)
    elif names.ours:
        yield Finding("ok", "celery", f"`import celery` is {' and '.join(names.ours)}")
    elif names.celerys:
        yield Finding(
            "warn",
            "celery",
            f"Celery {names.celerys} is installed: `import celery` is Celery's own, not taskhub",
            "import from taskhub, or replace Celery by taskhub-compat",
        )


def check_namesake(app: Celery) -> Iterator[Finding]:
    """See whether somebody else's distribution `taskhub` has written into our package.

    Ours is `taskhub-core`; the public index has another one under the name of the module.
    """
    try:
        namesake = metadata.distribution("taskhub")
    except metadata.PackageNotFoundError:
        return
    if any(file.parts[0] == "taskhub" for file in namesake.files or ()):
        yield Finding(
            "fail",
            "packages",
            f"the distribution taskhub {namesake.version} is not this one (taskhub-core): both "
            "bring the module `taskhub`, and overwrite each other's files",
            "uninstall both, then install taskhub-core again: pip uninstall taskhub taskhub-core",
        )


def check_settings(app: Celery) -> Iterator[Finding]:
    """Check that every setting of the app is known and has an effect."""
    from taskhub.config.settings import SETTINGS

    given = [name for name in app.conf.without_defaults() if name in SETTINGS]
    unknown = app.conf.unknown_settings
    for name, near in unknown:
        if near:
            yield Finding(
                "fail", "settings", f"there is no setting {name}", f"did you mean {near}?"
            )
        else:
            advice = "remove it, unless your own code reads it"
            yield Finding("warn", "settings", f"there is no setting {name}", advice)
    for name, reason in app.conf.without_effect().items():
        yield Finding("warn", "settings", f"{name} has no effect: {reason}", "remove it")
    if not unknown:
        yield Finding("ok", "settings", f"{len(given)} set, all known")
