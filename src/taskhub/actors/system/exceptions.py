"""What can go wrong with looking after the system."""

from __future__ import annotations

from taskhub.actors.extras import NotInstalledError
from taskhub.exceptions import ImproperlyConfigured

__all__ = (
    "InvalidDayError",
    "MemoryUnavailableError",
    "SystemConfigurationError",
    "SystemNotInstalledError",
)


class SystemConfigurationError(ImproperlyConfigured):
    """A setting can't be right as it is; one line names it and says what to write."""


class SystemNotInstalledError(SystemConfigurationError, NotInstalledError):
    """A library that the system tasks need is missing; the message says what to install."""


class MemoryUnavailableError(Exception):
    """The store of alarms is out of reach, so they can't be read or saved; it may pass."""


class InvalidDayError(ValueError):
    """What should be a day is none; one line says what to write."""
