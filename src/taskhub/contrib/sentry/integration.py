"""The integration, in the Sentry SDK's conventions."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import sentry_sdk
from sentry_sdk import integrations as sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.logging import ignore_logger

from taskhub import instrumentation, signals
from taskhub.contrib.sentry.monitors import Monitors
from taskhub.contrib.sentry.reports import ORIGIN, Sentry

logger = logging.getLogger(__name__)

#: At its end a worker process waits so long for Sentry, seconds.
FLUSH_TIMEOUT = 2.0
#: The SDK's own integrations, which would report the same tasks and actors.
OTHERS = ("celery", "dramatiq")
#: Loggers whose errors are about failures that are reported themselves.
_SAME = (
    *("taskhub.trace", "celery.app.trace", "taskhub.execution.decision"),
    *("taskhub.redirected", "celery.redirected"),
)


class TaskhubIntegration(Integration):
    """Reports errors, transactions and check-ins of the tasks and actors of this process.

    Args:
        propagate_traces: Whether messages carry the trace of their caller.
        monitor_schedule: Whether runs of periodic jobs are reported as check-ins of monitors.
        exclude_entries: Patterns (`cleanup-*`) of the names of periodic jobs without a monitor.
    """

    identifier = "taskhub"
    origin = ORIGIN

    def __init__(
        self,
        propagate_traces: bool = True,
        monitor_schedule: bool = False,
        exclude_entries: Iterable[str] = (),
    ) -> None:
        if isinstance(exclude_entries, str):
            raise TypeError(
                f"exclude_entries={exclude_entries!r} is a text: give a list of patterns"
            )
        self.propagate_traces = propagate_traces
        self.monitors = Monitors(tuple(exclude_entries)) if monitor_schedule else None

    @staticmethod
    def setup_once() -> None:
        instrumentation.install(Sentry(find_integration))
        signals.worker_process_shutdown.connect(_flush)
        for name in _SAME:
            ignore_logger(name)


def _flush(**_: Any) -> None:
    """Send what is left when a worker process ends: those of Dramatiq run no exit handlers."""
    if find_integration() is not None:
        sentry_sdk.flush(FLUSH_TIMEOUT)


def find_integration() -> TaskhubIntegration | None:
    """Return the integration of the present client; None: it is off here."""
    client = sentry_sdk.get_client()
    found: TaskhubIntegration | None = client.get_integration(TaskhubIntegration)
    if found is not None:
        _turn_off_others(client)
    return found


def _turn_off_others(client: Any) -> None:
    """Turn off the SDK's integrations for the same tasks: each error would be reported twice."""
    twice = [name for name in OTHERS if name in client.integrations]
    if not twice:
        return
    for name in twice:
        client.integrations.pop(name, None)
    given = {found.identifier for found in client.options.get("integrations") or ()}
    names = [f"{name.capitalize()}Integration" for name in twice if name in given]
    if names:
        logger.warning(
            "TaskhubIntegration reports tasks and actors, so %s is off: leave it out of "
            "sentry_sdk.init(integrations=...)",
            " and ".join(names),
        )


def _deactivate_by_default() -> None:
    """Have the SDK not enable the others by itself, where it has a way to say so."""
    table: Any = getattr(sdk, "_INTEGRATION_DEACTIVATES", None)
    if isinstance(table, dict):
        table.setdefault(TaskhubIntegration.identifier, set(OTHERS))


_deactivate_by_default()
