"""Settings without their secrets, to show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taskhub.config.urls import mask_url

__all__ = ("MASK", "redact", "redact_value")

#: Stands in place of a secret.
MASK = "********"

# The names that Celery hides.
_SECRET = re.compile(
    "API|TOKEN|KEY|SECRET|PASS|PROFANITIES_LIST|SIGNATURE|DATABASE|BEAT_DBURI", re.IGNORECASE
)


def redact(settings: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the settings with secrets masked: by their names, and the passwords of URLs."""
    return {name: redact_value(name, value) for name, value in settings.items()}


def redact_value(name: Any, value: Any) -> Any:
    """Return a setting's value, or what may be shown of it."""
    if isinstance(value, Mapping):
        return redact(value)
    if isinstance(name, str) and _SECRET.search(name):
        return MASK
    if isinstance(value, str):
        return mask_url(value) if "://" in value else value
    if isinstance(value, list | tuple):
        return type(value)([redact_value(None, item) for item in value])
    return value
