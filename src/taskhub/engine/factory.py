"""Makes engines from the URLs of stores; the only module that knows which engine serves which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from taskhub.config.urls import StoreURL
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.stores import EngineStores
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.engine.port.server_look import ServerLook

__all__ = ("look_at_server", "make_engine")


def make_engine(
    stores: EngineStores,
    *,
    client_name: str = "taskhub",
    clock: Callable[[], int] | None = None,
) -> Engine:
    """Return an engine on these stores. It connects when it is first used.

    Args:
        stores: Where messages and results are.
        client_name: How the server's list of clients shows the connections.
        clock: The present in ms; None: the store's own clock. Tests pass theirs.

    Raises:
        ImproperlyConfigured: There is no engine for these two together.
    """
    if stores.broker.scheme == "memory":
        from taskhub.engine.memory.engine import MemoryEngine

        return MemoryEngine(stores.rules, clock=clock)
    if "postgresql" in (stores.broker.scheme, stores.results.scheme):
        if stores.broker != stores.results:
            raise ImproperlyConfigured(
                f"broker_url is {stores.broker}, and result_backend {stores.results}: with "
                "PostgreSQL, messages and results are kept in one database; leave result_backend "
                "out, or write it as db+postgresql:// to have results there, too"
            )
        from taskhub.engine.postgres.engine import PostgresEngine

        return PostgresEngine(
            stores.broker,
            rules=stores.rules,
            clock=clock,
            client_name=client_name,
            options=dict(stores.broker_options),
        )
    from taskhub.engine.redis.engine import RedisEngine

    return RedisEngine(
        stores.broker,
        stores.results,
        rules=stores.rules,
        clock=clock,
        client_name=client_name,
        broker_options=dict(stores.broker_options),
        results_options=dict(stores.results_options),
    )


def look_at_server(
    url: StoreURL, options: Mapping[str, Any], *, client_name: str, timeout: float = 5.0
) -> ServerLook:
    """Connect anew to a server, and ask it about itself.

    Args:
        url: The server; not `memory`.
        options: The transport options of the connection.
        client_name: What the connection is called on the server.
        timeout: Seconds that each answer may take.
    """
    if url.scheme == "postgresql":
        from taskhub.engine.postgres.health import look_at_database

        return look_at_database(url, options, client_name=client_name, timeout=timeout)
    from taskhub.engine.redis.health import look_at_server as look_at_redis

    return look_at_redis(url, options, client_name=client_name, timeout=timeout)
