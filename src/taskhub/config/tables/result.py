"""Settings of results."""

from __future__ import annotations

from datetime import timedelta

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
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
    ),
    *without_effect("Results are not cached in the process.", result_cache_max=-1),
    *without_effect(
        "Not in effect yet: compressed results are read, but written plain.",
        result_compression=None,
    ),
    *without_effect(
        _NO_AMQP,
        result_exchange="celeryresults",
        result_exchange_type="direct",
    ),
    honoured(
        "result_expires",
        timedelta(days=1),
        SECONDS,
        "Seconds, or a timedelta, that a result is kept; None or 0: forever.",
    ),
    *without_effect("Not in effect yet: chords are not offered.", result_chord_expires=None),
    honoured(
        "result_failure_expires", None, SECONDS, "The same for failures; None: as result_expires."
    ),
    *without_effect(
        "What survives a restart of the store is set up in the store.", result_persistent=None
    ),
    honoured(
        "result_extended",
        False,
        BOOLEAN,
        "Whether results hold the task's name, arguments, worker, retries and queue, too.",
    ),
    honoured("result_serializer", "json", TEXT, "The serializer of results."),
    honoured(
        "result_backend_transport_options",
        {},
        MAPPING,
        "Options of the connection, as broker_transport_options.",
    ),
    *without_effect(
        "Nothing polls for a chord's end: its last part publishes the body.",
        result_chord_retry_interval=1.0,
    ),
    *without_effect(
        "Nothing joins a chord's parts: its last part publishes the body.",
        result_chord_join_timeout=3.0,
    ),
    *without_effect(
        _COMMITTED,
        result_backend_max_sleep_between_retries_ms=10000,
        result_backend_max_retries=float("inf"),
        result_backend_base_sleep_between_retries_ms=10,
        result_backend_always_retry=False,
    ),
)
