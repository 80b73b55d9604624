"""Environment variables of one block."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

import pytest

S = TypeVar("S")


def read(settings: type[S], variables: Mapping[str, str], **values: Any) -> S:
    """Return settings as a program with no variables of taskhub but these reads them.

    Args:
        settings: Their class.
        variables: Names and values.
        values: What the program gives itself.
    """
    with pytest.MonkeyPatch.context() as changes:
        for name in os.environ:
            if name.startswith("TASKHUB_"):
                changes.delenv(name)
        for name, value in variables.items():
            changes.setenv(name, value)
        return settings(**values)
