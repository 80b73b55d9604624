"""Engines made from settings: the stores that an app uses, and how it connects."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from taskhub.config import transport_options
from taskhub.config.configuration import ENVIRONMENT
from taskhub.config.ranges import milliseconds as milliseconds
from taskhub.config.result_backend import shares_broker
from taskhub.config.urls import StoreURL, parse_store_url
from taskhub.engine import factory
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from pathlib import Path

    from taskhub.config.configuration import Configuration

logger = logging.getLogger(__name__)


def engine_rules(conf: Configuration) -> EngineRules:
    """Return what the engine must know of the configuration."""
    return EngineRules(
        namespace=conf.taskhub_namespace,
        key_prefix=transport_options.prefix_of_keys(conf.broker_transport_options),
        results_prefix=transport_options.prefix_of_results(conf.result_backend_transport_options),
        max_deliveries=conf.task_max_deliveries,
        largest_message=conf.task_max_message_size or 0,
        lease=milliseconds(conf.lease_seconds) or EngineRules.lease,
        statistics_ttl=milliseconds(conf.statistics_expires) or 0,
        history_limit=conf.history_limit,
        history_ttl=milliseconds(conf.history_expires) or 0,
        failed_limit=conf.failed_limit,
        failed_max_bytes=conf.failed_max_bytes,
        idle_connections=conf.broker_pool_limit or 0,
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


def make_engine(
    conf: Configuration, url: str | None = None, *, namespace: str | None = None
) -> Engine:
    """Return the engine that the settings name; the development store if they name none.

    Args:
        conf: The settings.
        url: A store for messages and results, whatever the settings name.
        namespace: Another namespace than theirs.

    Raises:
        ImproperlyConfigured: A URL cannot be used.
    """
    broker_url: Any = conf.broker_url if url is None else url
    if isinstance(broker_url, list | tuple):
        broker_url = broker_url[0] if broker_url else ""
    if broker_url is None:
        refuse_empty_variables()
        broker = _development_store(conf)
    elif not broker_url:
        raise ImproperlyConfigured(
            "broker_url is empty: name a store, e.g. redis://localhost:6379/0, or leave the "
            "setting out for the development store"
        )
    else:
        broker = parse_store_url(broker_url)
    timeout = broker.options.get("socket_connect_timeout", conf.broker_connection_timeout)
    results = None if url or broker.scheme == "memory" else _results_url(conf)
    rules = engine_rules(conf)
    stores = EngineStores(
        broker=broker,
        results=results or broker,
        rules=rules if namespace is None else replace(rules, namespace=namespace),
        broker_options=_options(
            conf.broker_transport_options,
            ssl=conf.broker_use_ssl,
            socket_connect_timeout=timeout,
        ),
        results_options=_options(
            conf.result_backend_transport_options, ssl=conf.redis_backend_use_ssl
        ),
    )
    return factory.make_engine(stores)


def refuse_empty_variables() -> None:
    """Refuse to take the development store where a variable that should name another is empty.

    Raises:
        ImproperlyConfigured: One is.
    """
    for variable in ENVIRONMENT["broker_url"]:
        if os.environ.get(variable) == "":
            raise ImproperlyConfigured(
                f"the environment variable {variable} is empty, and broker_url is not set: "
                "name a store, e.g. redis://localhost:6379/0, or unset the variable for the "
                "development store"
            )


def _options(given: Mapping[str, Any] | None, **settings: Any) -> dict[str, Any]:
    """Return how to connect: the transport options, and below them settings of their own."""
    return {**{name: value for name, value in settings.items() if value}, **(given or {})}


def broker_address(conf: Configuration, include_password: bool = False) -> str:
    """Return the broker's URL for people, password masked unless it is to be shown."""
    url: Any = conf.broker_url
    url = url[0] if isinstance(url, list | tuple) and url else url
    if not url:
        return "development store"
    return str(url) if include_password else str(parse_store_url(url))


def _results_url(conf: Configuration) -> StoreURL | None:
    if shares_broker(conf):
        return None
    return parse_store_url(conf.result_backend, setting="result_backend")


def home_of(conf: Configuration) -> Path:
    """Return the directory of the development store, the outbox and the log of `taskhub up`.

    As the setting `taskhub_project_directory` says, otherwise TASKHUB_HOME, otherwise the
    project's.
    """
    from pathlib import Path

    from taskhub.engine.embedded import store_directory

    project = conf.taskhub_project_directory
    return store_directory(Path(project) if project else None)


def _development_store(conf: Configuration) -> StoreURL:
    from taskhub.engine.embedded import acquire

    store = acquire(home_of(conf))
    logger.warning("%s", store.announcement())
    return parse_store_url(store.url)
