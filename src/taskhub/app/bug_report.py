"""Bug reports: versions, platform and settings, as text (`app.bugreport()`)."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from taskhub import __version__
from taskhub.app.stores import broker_address

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The packages whose versions matter.
PACKAGES = ("dramatiq", "redis", "hiredis")


def bug_report(app: Celery) -> str:
    """Return versions, the platform and the settings, secrets masked."""
    versions = [f"taskhub:{__version__}", *_versions(), f"py:{platform.python_version()}"]
    lines = [
        "",
        f"software -> {' '.join(versions)}",
        f"platform -> system:{platform.system()} arch:{platform.machine()}",
        f"            kernel version:{platform.release()} imp:{platform.python_implementation()}",
        f"settings -> transport:{broker_address(app.conf)} results:{app.backend.as_uri()}",
        "",
        app.conf.humanize(),
        "",
    ]
    return "\n".join(lines)


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package}:{metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return found
