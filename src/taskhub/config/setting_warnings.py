"""Warnings about settings: of unknown ones, and of those without effect."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from taskhub.config import transport_options
from taskhub.config.settings import SETTINGS
from taskhub.config.source import UnknownSetting
from taskhub.exceptions import ConfigurationWarning

__all__ = ("warn_of_settings", "without_effect")

#: Settings without effect whose purpose is met whatever they say: who sets them misses nothing.
_MET = frozenset(
    {
        "beat_max_loop_interval",  # Schedulers of other libraries read it.
        "beat_schedule_filename",
        "beat_sync_every",
        "cache_backend",  # Only of results in a cache.
        "cache_backend_options",
        "result_backend_always_retry",
        "result_backend_base_sleep_between_retries_ms",
        "result_backend_max_retries",
        "result_backend_max_sleep_between_retries_ms",
        "result_chord_join_timeout",
        "result_chord_retry_interval",
        "worker_cancel_long_running_tasks_on_connection_loss",
        "worker_deduplicate_successful_tasks",
        "worker_enable_prefetch_count_reduction",
        "worker_enable_soft_shutdown_on_idle",
        "worker_eta_task_limit",
        "worker_lost_wait",
        "worker_proc_alive_timeout",
        "worker_state_db",
    }
)
#: Those whose purpose is met if they are on.
_MET_IF_ON = frozenset(
    {
        "redis_socket_keepalive",
        "task_reject_on_worker_lost",
        "task_retry_on_worker_lost",
    }
)


def warn_of_settings(unknown: Iterable[UnknownSetting], values: Mapping[str, Any]) -> None:
    """Warn once of all settings that are unknown, or whose missing effect matters."""
    if names := [f"{name} (did you mean {near}?)" if near else name for name, near in unknown]:
        warnings.warn(
            ConfigurationWarning(f"Unknown settings are kept and not used: {'; '.join(names)}"),
            stacklevel=3,
        )
    missed = {
        name: reason
        for name, reason in without_effect(values).items()
        if name not in _MET and not (name in _MET_IF_ON and values[name])
    }
    if idle := [f"{name} ({reason})" for name, reason in missed.items()]:
        warnings.warn(
            ConfigurationWarning(f"Settings without effect in taskhub: {'; '.join(idle)}"),
            stacklevel=3,
        )


def without_effect(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings and transport options without effect: name -> reason."""
    idle = {
        name: setting.reason
        for name, value in values.items()
        if (setting := SETTINGS.get(name)) and not setting.honoured and value != setting.default
    }
    for name in transport_options.SETTINGS:
        for option, reason in transport_options.without_effect(name, values.get(name)).items():
            idle[f"{name}: {option}"] = reason
    return idle
