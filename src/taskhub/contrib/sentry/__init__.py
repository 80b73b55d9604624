"""Sentry for taskhub: errors, traces, queues and cron monitors, of tasks and native actors.

    import sentry_sdk
    from taskhub.contrib.sentry import TaskhubIntegration

    sentry_sdk.init(dsn=..., integrations=[TaskhubIntegration()])

Needs the extra `taskhub-core[sentry]`. docs/observability.md describes what is reported.
"""

from __future__ import annotations

try:
    from taskhub.contrib.sentry.integration import TaskhubIntegration
except ImportError as error:
    if not (error.name or "").startswith("sentry_sdk"):
        raise
    missing = isinstance(error, ModuleNotFoundError) and error.name == "sentry_sdk"
    raise ModuleNotFoundError(
        "taskhub.contrib.sentry needs "
        + ("sentry_sdk" if missing else "another version of sentry_sdk")
        + ": install the extra taskhub-core[sentry]",
        name=error.name,
    ) from None

__all__ = ["TaskhubIntegration"]
