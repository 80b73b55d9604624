"""Every setting by name: all of Celery 5.7's, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, Final

from taskhub.config.setting import Setting
from taskhub.config.tables import beat, broker, general, result, task, worker
from taskhub.config.tables import other_backends as elsewhere
from taskhub.config.tables import taskhub as own

__all__ = ("NEW_NAMES", "OLD_NAMES", "SETTINGS", "Setting", "defaults", "nearest")

#: Names before Celery 4, by the beginnings of today's; others are the new name in upper case.
_FORMS: Final[Mapping[str, str]] = {
    "beat": "CELERYBEAT_{key}",
    "task": "CELERY_{key}",
    "worker": "CELERYD_{key}",
    **dict.fromkeys(
        (
            *("accept", "imports", "include", "timezone", "result", "cache", "event", "redis"),
            *("security", "couchbase", "arangodb", "mongodb", "elasticsearch"),
        ),
        "CELERY_{name}",
    ),
}
#: Names that follow no form.
_IRREGULAR: Final[Mapping[str, str]] = {
    "database_engine_options": "CELERY_RESULT_ENGINE_OPTIONS",
    "database_short_lived_sessions": "CELERY_RESULT_DB_SHORT_LIVED_SESSIONS",
    "database_table_names": "CELERY_RESULT_DB_TABLENAMES",
    "database_url": "CELERY_RESULT_DBURI",
    "result_accept_content": "RESULT_ACCEPT_CONTENT",
    "result_cache_max": "CELERY_MAX_CACHED_RESULTS",
    "result_expires": "CELERY_TASK_RESULT_EXPIRES",
    "task_compression": "CELERY_MESSAGE_COMPRESSION",
    "task_eager_propagates": "CELERY_EAGER_PROPAGATES_EXCEPTIONS",
    "task_protocol": "CELERY_TASK_PROTOCOL",
    "task_publish_retry": "CELERY_TASK_PUBLISH_RETRY",
    "task_publish_retry_policy": "CELERY_TASK_PUBLISH_RETRY_POLICY",
    "task_send_sent_event": "CELERY_SEND_TASK_SENT_EVENT",
    "task_serializer": "CELERY_TASK_SERIALIZER",
    "task_soft_time_limit": "CELERYD_TASK_SOFT_TIME_LIMIT",
    "task_time_limit": "CELERYD_TASK_TIME_LIMIT",
    "worker_direct": "CELERY_WORKER_DIRECT",
    "worker_disable_rate_limits": "CELERY_DISABLE_RATE_LIMITS",
    "worker_enable_remote_control": "CELERY_ENABLE_REMOTE_CONTROL",
    "worker_lost_wait": "CELERYD_WORKER_LOST_WAIT",
    "worker_redirect_stdouts": "CELERY_REDIRECT_STDOUTS",
    "worker_redirect_stdouts_level": "CELERY_REDIRECT_STDOUTS_LEVEL",
    "worker_send_task_events": "CELERY_SEND_EVENTS",
}


def _old_name(name: str) -> str:
    """Return the name that one of Celery's settings had before Celery 4."""
    space, _, key = name.upper().partition("_")
    form = _FORMS.get(space.lower(), "{name}")
    return _IRREGULAR.get(name) or form.format(name=name.upper(), key=key)


#: Every setting by its name.
SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        setting.name: setting
        for table in (general, task, result, broker, worker, beat, elsewhere, own)
        for setting in table.SETTINGS
    }
)
_OWN = frozenset(setting.name for setting in own.SETTINGS)

#: Name -> the upper-case name that it had before Celery 4.
OLD_NAMES: Mapping[str, str] = MappingProxyType(
    {name: name.upper() if name in _OWN else _old_name(name) for name in SETTINGS}
)

#: Old name -> name.
NEW_NAMES: Mapping[str, str] = MappingProxyType({old: name for name, old in OLD_NAMES.items()})


def defaults() -> dict[str, Any]:
    """Return the default of every setting; dictionaries among them are new ones."""
    return {name: deepcopy(setting.default) for name, setting in SETTINGS.items()}


def nearest(name: str) -> str | None:
    """Return the known name that an unknown one most resembles, if any does."""
    import difflib

    close = difflib.get_close_matches(name, [*SETTINGS, *NEW_NAMES], n=1, cutoff=0.75)
    return close[0] if close else None
