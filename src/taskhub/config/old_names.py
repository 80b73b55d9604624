"""The names that settings had before Celery 4, in upper case; they are still understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ("old_name",)

#: Old names by the beginning of the new one; others are the new name in upper case.
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


def old_name(name: str) -> str:
    """Return the old name of one of Celery's settings."""
    space, _, key = name.upper().partition("_")
    form = _FORMS.get(space.lower(), "{name}")
    return _IRREGULAR.get(name) or form.format(name=name.upper(), key=key)
