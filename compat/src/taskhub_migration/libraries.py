"""Libraries that stand on Celery, as they were tried with taskhub-compat in Celery's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ("ECOSYSTEM", "Library", "Works")


class Works(StrEnum):
    """How far a library works."""

    YES = "works"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Library:
    """One library: the version that was tried, what came of it, and what to do."""

    version: str
    works: Works
    #: What works, or why not.
    why: str
    advice: str = ""


_KOMBU = "keep kombu among the requirements, too"
_EVENTS = "it reads Celery's events with parts of Celery's that are not supported"

#: By distribution. docs/migrating.md shows it; tests hold those that work to it.
ECOSYSTEM: Final[Mapping[str, Library]] = {
    "celery-batches": Library(
        "0.11", Works.NO, "it is a part of Celery's worker", "enqueue batches as one call"
    ),
    "celery-once": Library("3.0.1", Works.YES, "QueueOnce, with its Redis backend"),
    "celery-progress": Library("0.5", Works.YES, "ProgressRecorder and Progress"),
    "celery-redbeat": Library(
        "2.4.2", Works.YES, "`celery beat -S redbeat.RedBeatScheduler`, and its entries", _KOMBU
    ),
    "celery-singleton": Library("0.3.1", Works.YES, "Singleton tasks", _KOMBU),
    "celery-types": Library(
        "0.26.0",
        Works.NO,
        "its stubs describe Celery's classes",
        "remove it: taskhub-compat has types of its own",
    ),
    "celery-prometheus-exporter": Library(
        "1.7.0", Works.NO, _EVENTS, "start workers with --metrics-port"
    ),
    "django-celery-beat": Library(
        "2.9.0",
        Works.YES,
        "`celery beat -S django_celery_beat.schedulers:DatabaseScheduler`, its models, and its "
        "admin",
        _KOMBU,
    ),
    "django-celery-results": Library(
        "2.6.0",
        Works.PARTLY,
        "with `django-db` its tables are written: tasks, and groups that are saved",
        "read results as before; they are kept in Redis or Valkey",
    ),
    "django-structlog": Library(
        "11.0.0",
        Works.YES,
        "its bootstep and its receivers",
    ),
    "ddtrace": Library("4.16.0", Works.YES, "patch(celery=True): traces from the call to the task"),
    "flower": Library(
        "2.2.0",
        Works.NO,
        _EVENTS,
        "write `taskhub-core[web]` instead: then `celery flower` starts the dashboard",
    ),
    "opentelemetry-instrumentation-celery": Library(
        "0.66b2",
        Works.YES,
        "one trace from the call to the task, its failure and its retries",
        "instrument(skip_dep_check=True) unless a distribution is named celery; keep billiard "
        "among the requirements",
    ),
    "pytest-celery": Library(
        "1.3.0", Works.NO, "it runs Celery's own workers in containers", "use celery.contrib.pytest"
    ),
    "sentry-sdk": Library(
        "2.75.0",
        Works.YES,
        "CeleryIntegration: errors, traces, and monitors of periodic jobs",
        _KOMBU,
    ),
}
