"""Apps for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.testing.app import (
    DEFAULT_TEST_CONFIG,
    TestApp,
    Trap,
    UnitLogging,
    set_trap,
    setup_default_app,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "DEFAULT_TEST_CONFIG",
    "TestApp",
    "Trap",
    "UnitLogging",
    "set_trap",
    "setup_default_app",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
