"""Plain values: those of users in a form that every caller can decode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskhub.exceptions import EncodeError
from taskhub.serialization.json import dumps
from taskhub.serialization.safe_repr import safe_repr


def as_plain(value: Any) -> Any:
    """Return a value in which what JSON cannot encode is replaced by its representation."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): as_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    try:
        dumps(value)
    except EncodeError:
        return safe_repr(value)
    return value
