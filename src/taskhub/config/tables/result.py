"""Settings of results."""

from __future__ import annotations

from datetime import timedelta

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
    FLOAT,
    INTEGER,
    MAPPING,
    SECONDS,
    TEXT,
    Setting,
    honoured,
    without_effect,
)

__all__ = ("SETTINGS",)

_COMMITTED = "Results are committed with the task's end, which is tried until it succeeds."
_NO_AMQP = "There is no AMQP here: a queue is a name in the store."

SETTINGS: tuple[Setting, ...] = (
    honoured(
        "result_backend",
        None,
        ANY,
        "The store that holds the results; a URL. None: that of the messages.",
        old="CELERY_RESULT_BACKEND",
    ),
    without_effect(
        "result_cache_max",
        -1,
        INTEGER,
        "Results are not cached in the process.",
        old="CELERY_MAX_CACHED_RESULTS",
    ),
    without_effect(
        "result_compression",
        None,
        TEXT,
        "Not in effect yet: compressed results are read, but written plain.",
        old="CELERY_RESULT_COMPRESSION",
    ),
    without_effect(
        "result_exchange", "celeryresults", TEXT, _NO_AMQP, old="CELERY_RESULT_EXCHANGE"
    ),
    without_effect(
        "result_exchange_type", "direct", TEXT, _NO_AMQP, old="CELERY_RESULT_EXCHANGE_TYPE"
    ),
    honoured(
        "result_expires",
        timedelta(days=1),
        SECONDS,
        "Seconds, or a timedelta, that a result is kept; None or 0: forever.",
        old="CELERY_TASK_RESULT_EXPIRES",
    ),
    without_effect(
        "result_chord_expires",
        None,
        SECONDS,
        "Not in effect yet: chords are not offered.",
        old="CELERY_RESULT_CHORD_EXPIRES",
    ),
    honoured(
        "result_failure_expires",
        None,
        SECONDS,
        "The same for failures; None: as result_expires.",
        old="CELERY_RESULT_FAILURE_EXPIRES",
    ),
    without_effect(
        "result_persistent",
        None,
        BOOLEAN,
        "What survives a restart of the store is set up in the store.",
        old="CELERY_RESULT_PERSISTENT",
    ),
    honoured(
        "result_extended",
        False,
        BOOLEAN,
        "Whether results hold the task's name, arguments, worker, retries and queue, too.",
        old="CELERY_RESULT_EXTENDED",
    ),
    honoured(
        "result_serializer",
        "json",
        TEXT,
        "The serializer of results.",
        old="CELERY_RESULT_SERIALIZER",
    ),
    honoured(
        "result_backend_transport_options",
        {},
        MAPPING,
        "Options of the connection, as broker_transport_options.",
        old="CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS",
    ),
    without_effect(
        "result_chord_retry_interval",
        1.0,
        FLOAT,
        "Nothing polls for a chord's end: its last part publishes the body.",
        old="CELERY_RESULT_CHORD_RETRY_INTERVAL",
    ),
    without_effect(
        "result_chord_join_timeout",
        3.0,
        FLOAT,
        "Nothing joins a chord's parts: its last part publishes the body.",
        old="CELERY_RESULT_CHORD_JOIN_TIMEOUT",
    ),
    without_effect(
        "result_backend_max_sleep_between_retries_ms",
        10000,
        INTEGER,
        _COMMITTED,
        old="CELERY_RESULT_BACKEND_MAX_SLEEP_BETWEEN_RETRIES_MS",
    ),
    without_effect(
        "result_backend_max_retries",
        float("inf"),
        FLOAT,
        _COMMITTED,
        old="CELERY_RESULT_BACKEND_MAX_RETRIES",
    ),
    without_effect(
        "result_backend_base_sleep_between_retries_ms",
        10,
        INTEGER,
        _COMMITTED,
        old="CELERY_RESULT_BACKEND_BASE_SLEEP_BETWEEN_RETRIES_MS",
    ),
    without_effect(
        "result_backend_always_retry",
        False,
        BOOLEAN,
        _COMMITTED,
        old="CELERY_RESULT_BACKEND_ALWAYS_RETRY",
    ),
)
