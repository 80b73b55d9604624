"""Makes engines from the URLs of stores; the only module that knows which engine serves which."""

from __future__ import annotations

from collections.abc import Callable

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.stores import EngineStores

__all__ = ("make_engine",)


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
    """
    if stores.broker.scheme == "memory":
        from taskhub.engine.memory.engine import MemoryEngine

        return MemoryEngine(stores.rules, clock=clock)
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
