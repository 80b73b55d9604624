"""Warnings of the library: Celery's names and hierarchy; `taskhub.exceptions` has them, too."""

from __future__ import annotations

__all__ = (
    "AlwaysEagerIgnored",
    "CDeprecationWarning",
    "CPendingDeprecationWarning",
    "CeleryWarning",
    "ConfigurationWarning",
    "DuplicateNodenameWarning",
    "DuplicateTaskNameWarning",
    "FixupWarning",
    "NotConfigured",
    "SecurityWarning",
)


class CeleryWarning(UserWarning):
    """Base of all warnings of the library."""


class AlwaysEagerIgnored(CeleryWarning):
    """`send_task` sends in spite of `task_always_eager`: it knows a name, not the code."""


class DuplicateNodenameWarning(CeleryWarning):
    """Two live workers answer to the same node name; give each its own with `-n`."""


class DuplicateTaskNameWarning(CeleryWarning):
    """Two functions were registered as the same task; the later one is in force."""


class FixupWarning(CeleryWarning):
    """An adaptation to a framework (Django) could not be made."""


class NotConfigured(CeleryWarning):
    """No configuration was found; the defaults are in force."""


class SecurityWarning(CeleryWarning):
    """Something that works is unsafe as it is set up."""


class ConfigurationWarning(CeleryWarning):
    """A setting has a name that is not known, or a name that has no meaning in taskhub."""


class CPendingDeprecationWarning(PendingDeprecationWarning):
    """A use that will be deprecated."""


class CDeprecationWarning(DeprecationWarning):
    """A use that is deprecated."""
