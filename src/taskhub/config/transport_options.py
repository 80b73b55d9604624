"""Transport options: how stores are connected to (`broker_transport_options` and for results)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskhub.exceptions import ImproperlyConfigured

__all__ = (
    "SETTINGS",
    "lowest_first",
    "prefix_of_keys",
    "prefix_of_results",
    "priority_steps",
    "without_effect",
)

#: The settings that hold such options.
SETTINGS: Final = ("broker_transport_options", "result_backend_transport_options")

_KEPT: Final = "connections are kept for the threads that use them"
_LEASES: Final = "workers hold leases, see lease_seconds"
_NO_EXCHANGES: Final = "there are no exchanges"
_NO_SQS: Final = "there is no SQS"
_PUBLISH: Final = "set task_publish_retry_policy"

#: Options that are read, of either setting.
_READ: Final = frozenset(
    {"client_name", "global_keyprefix", "master_name", "min_other_sentinels", "sentinel_kwargs",
     "socket_connect_timeout", "socket_keepalive_options", "socket_timeout", "ssl"}
)  # fmt: skip
#: Options whose purpose is met without them: dead connections are noticed, what is lost is
#: repeated, long tasks are delivered once, parts of chords are in order.
_MET: Final = frozenset(
    (
        *("health_check_interval", "result_chord_ordered", "retry_on_timeout"),
        *("socket_keepalive", "visibility_timeout"),
    )
)
#: Options that change nothing: why, and what to do.
_IDLE: Final[Mapping[str, str]] = {
    "ack_emulation": _LEASES,
    "body_encoding": "messages are stored as they are",
    "confirm_publish": "a call is stored when it returns",
    "deadletter_queue": "dead letters are kept in the store: `taskhub dead list`",
    "fanout_patterns": _NO_EXCHANGES,
    "fanout_prefix": _NO_EXCHANGES,
    "interval_max": _PUBLISH,
    "interval_start": _PUBLISH,
    "interval_step": _PUBLISH,
    "max_connections": _KEPT,
    "max_retries": _PUBLISH,
    "polling_interval": "idle workers wait for a notifier, they do not poll",
    "predefined_queues": _NO_SQS,
    "queue_order_strategy": "messages of all queues are ordered by priority and sequence; only "
    "'priority' has an effect: 0 is first",
    "region": _NO_SQS,
    "retry_policy": "results are committed with the task's end, which is tried until it succeeds",
    "sep": "priorities have no queues of their own",
    "unacked_index_key": _LEASES,
    "unacked_key": _LEASES,
    "unacked_mutex_expire": _LEASES,
    "unacked_mutex_key": _LEASES,
    "unacked_restore_interval": _LEASES,
    "unacked_restore_limit": _LEASES,
    "unacked_restore_rate_limiter": _LEASES,
    "wait_time_seconds": _NO_SQS,
}
#: The priorities that kombu distinguishes by default.
_STEPS_OF_KOMBU: Final = (0, 3, 6, 9)
_STEPS: Final = (
    "9 is first; set queue_order_strategy to 'priority' for 0 to be first, as in Celery on Redis"
)


def without_effect(setting: str, options: Any) -> dict[str, str]:
    """Return those options that change nothing: name -> why, and what to do.

    Args:
        setting: The setting that holds them.
        options: Its value.
    """
    if not isinstance(options, Mapping):
        return {}
    ordered = setting == "broker_transport_options" and lowest_first(options)
    found = {}
    for name in options:
        if name in _READ or name in _MET or str(name).startswith("ssl_"):
            continue
        if name == "priority_steps":
            reason = "" if ordered else _STEPS
        elif name == "queue_order_strategy" and ordered:
            reason = ""
        else:
            reason = _IDLE.get(name, "no option of a connection to Redis or Valkey")
        if reason:
            found[str(name)] = reason
    return found


def priority_steps(options: Mapping[str, Any] | None) -> tuple[int, ...]:
    """Return the distinguished priorities where 0 is the first; empty: 9 is the first.

    Raises:
        ImproperlyConfigured: They are no numbers from 0 to 9.
    """
    if options is None or not lowest_first(options):
        return ()
    steps = options.get("priority_steps") or _STEPS_OF_KOMBU
    try:
        found = tuple(sorted({int(step) for step in steps}))
    except (TypeError, ValueError):
        found = ()
    if not found or not 0 <= found[0] <= found[-1] <= 9:
        raise ImproperlyConfigured(
            f"broker_transport_options: priority_steps must be numbers from 0 to 9, not {steps!r}"
        )
    return found


def lowest_first(options: Mapping[str, Any] | None) -> bool:
    """Return whether the options ask for Celery's priorities on Redis, of which 0 is the first."""
    return (options or {}).get("queue_order_strategy") == "priority"


def prefix_of_keys(options: Mapping[str, Any] | None) -> str:
    """Return what all keys of the messages begin with (`global_keyprefix`), as kombu writes it."""
    return str((options or {}).get("global_keyprefix") or "")


def prefix_of_results(options: Mapping[str, Any] | None) -> str:
    """Return the prefix of result keys: the same, with an underscore where Celery adds one."""
    prefix = prefix_of_keys(options)
    return f"{prefix}_" if prefix and prefix[-1] not in ":_-." else prefix
