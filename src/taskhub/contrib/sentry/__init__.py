"""Sentry for taskhub: errors, traces, queues and cron monitors, of tasks and native actors.

    import sentry_sdk
    from taskhub.contrib.sentry import TaskhubIntegration

    sentry_sdk.init(dsn=..., integrations=[TaskhubIntegration()])

Needs the extra `taskhub-core[sentry]`. docs/observability.md describes what is reported.
"""

from __future__ import annotations

from taskhub.contrib.required_library import explain_import

try:
    from taskhub.contrib.sentry.integration import TaskhubIntegration
except ImportError as error:
    explain_import(error, __name__, "sentry", "sentry_sdk")
    raise

__all__ = ["TaskhubIntegration"]
