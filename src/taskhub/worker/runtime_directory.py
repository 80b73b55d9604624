"""The runtime directory: sockets and files of the worker processes of a user."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from taskhub.private_directory import make_private_directory


def runtime_directory() -> Path:
    """Return the directory, made if it is missing.

    Raises:
        DirectoryRefused: It is not this user's alone.
    """
    return make_private_directory(Path(tempfile.gettempdir()) / f"taskhub-{os.getuid()}")
