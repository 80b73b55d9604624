"""From settings to the engine: which stores the app uses, and how."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from taskhub.config.urls import StoreURL, parse_store_url
from taskhub.engine.port import Engine, RetryPolicy
from taskhub.engine.rules import EngineRules

if TYPE_CHECKING:
    from pathlib import Path

    from taskhub.config.configuration import Configuration

logger = logging.getLogger(__name__)

#: Result backends of Celery's that have no store of their own: results go where the messages are.
_WITH_BROKER = ("rpc", "rpc://", "amqp", "amqp://", "disabled", "disabled://", "cache+memory://")


def milliseconds(value: Any) -> int | None:
    """Return a duration (timedelta, or seconds) in milliseconds; None, or 0, for no end."""
    if not value:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    return int(seconds * 1000)


def engine_rules(conf: Configuration) -> EngineRules:
    """Return what the engine must know of the configuration."""
    return EngineRules(
        namespace=conf.taskhub_namespace,
        max_deliveries=conf.task_max_deliveries,
        largest_message=conf.task_max_message_size or 0,
        lease=milliseconds(conf.lease_seconds) or EngineRules.lease,
        statistics_ttl=milliseconds(conf.statistics_expires) or 0,
        events_kept=conf.event_stream_length,
        dead_letter_ttl=milliseconds(conf.dead_letter_expires) or EngineRules.dead_letter_ttl,
    )


def retry_policy(conf: Configuration, retry: bool | None, policy: Any) -> RetryPolicy | None:
    """Return how a producer tries again; None: it does not."""
    if not (conf.task_publish_retry if retry is None else retry):
        return None
    values: dict[str, Any] = {**(conf.task_publish_retry_policy or {}), **(policy or {})}
    known = {name: value for name, value in values.items() if name in RetryPolicy._fields}
    return RetryPolicy(**known)


def make_engine(conf: Configuration, url: str | None = None) -> Engine:
    """Return the engine that the settings name; the development store if they name none.

    Parameters:
      url: a store for messages and results, whatever the settings name.

    Raises:
      ImproperlyConfigured: a URL cannot be used.
    """
    rules = engine_rules(conf)
    broker_url: Any = url or conf.broker_url
    if isinstance(broker_url, list | tuple):
        broker_url = broker_url[0] if broker_url else None
    broker = parse_store_url(broker_url) if broker_url else _development_store(conf)
    if broker.scheme == "memory":
        from taskhub.engine.memory import MemoryEngine

        return MemoryEngine(rules)
    from taskhub.engine.redis.engine import RedisEngine

    timeout = broker.options.get("socket_connect_timeout", conf.broker_connection_timeout)
    return RedisEngine(
        broker,
        None if url else _results_url(conf),
        rules=rules,
        broker_options=_options(
            conf.broker_transport_options,
            ssl=conf.broker_use_ssl,
            socket_connect_timeout=timeout,
        ),
        results_options=_options(
            conf.result_backend_transport_options, ssl=conf.redis_backend_use_ssl
        ),
    )


def _options(given: Mapping[str, Any] | None, **settings: Any) -> dict[str, Any]:
    """Return how to connect: the transport options, and below them settings of their own."""
    return {**{name: value for name, value in settings.items() if value}, **(given or {})}


def _results_url(conf: Configuration) -> StoreURL | None:
    backend = conf.result_backend
    if not backend or backend in _WITH_BROKER:
        return None
    return parse_store_url(backend, setting="result_backend")


def home_of(conf: Configuration) -> Path:
    """Return the directory of the development store, the outbox and the log of `taskhub up`.

    As the setting `taskhub_project_directory` says, otherwise TASKHUB_HOME, otherwise the project's.
    """
    from pathlib import Path

    from taskhub.engine.embedded import store_directory

    project = conf.taskhub_project_directory
    return store_directory(Path(project) if project else None)


def _development_store(conf: Configuration) -> StoreURL:
    from taskhub.engine.embedded import acquire

    store = acquire(home_of(conf))
    logger.warning("%s", store.announce())
    return parse_store_url(store.url)
