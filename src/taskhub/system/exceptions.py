"""What can go wrong with looking after the system."""

from __future__ import annotations

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("InvalidDayError", "MemoryUnavailableError", "SystemConfigurationError")


class SystemConfigurationError(ImproperlyConfigured):
    """A setting can't be right as it is; one line names it and says what to write."""


class MemoryUnavailableError(Exception):
    """What operators know can't be read or noted, because its store is out of reach; it may pass."""


class InvalidDayError(ValueError):
    """What should be a day is none; one line says what to write."""
