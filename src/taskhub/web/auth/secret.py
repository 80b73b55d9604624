"""Secret that signs sessions: given, or made once and stored with the project's private files."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("session_secret",)

logger = logging.getLogger(__name__)

VARIABLE: Final = "TASKHUB_WEB_SECRET"
SHORTEST: Final = 16
_FILE: Final = "web-secret"


def session_secret(app: Celery, given: str | bytes | None) -> bytes:
    """Return what signs the sessions of an app's dashboard.

    Args:
        app: The app.
        given: A secret; None: that of the variable `TASKHUB_WEB_SECRET`, or that of a file which
            only this user can read. Where no file can be kept, it is one of this process, and
            sessions end with it.

    Raises:
        ImproperlyConfigured: The secret is too short.
    """
    chosen = given if given is not None else os.environ.get(VARIABLE)
    if chosen:
        secret = chosen.encode() if isinstance(chosen, str) else chosen
        if len(secret) < SHORTEST:
            raise ImproperlyConfigured(
                f"the secret of the dashboard is shorter than {SHORTEST} bytes: take a random one, "
                "e.g. of `python -c 'import secrets; print(secrets.token_hex())'`"
            )
        return secret
    from taskhub.app.stores import home_of

    try:
        return _kept_secret(home_of(app.conf) / _FILE)
    except OSError as error:
        logger.warning(
            "no file for the dashboard's secret can be kept (%s): sessions end with this process; "
            "set %s",
            error.strerror,
            VARIABLE,
        )
        return secrets.token_bytes(32)


def _kept_secret(path: Path) -> bytes:
    """Return the secret of a file, which is made if it is missing.

    Raises:
        OSError: It can be neither read nor made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(10):
        try:
            found = path.read_bytes()
            if len(found) >= SHORTEST:
                return found
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(32).encode())
            # The process that comes second reads what the first has made.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink(missing_ok=True)
    raise OSError(0, "it changes all the time", str(path))
