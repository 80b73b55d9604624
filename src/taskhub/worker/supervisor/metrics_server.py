"""The server that Prometheus scrapes: `/metrics` from a collector, in threads of its own.

Needs `prometheus_client` (the extra `metrics`).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client.core import Metric

logger = logging.getLogger(__name__)


class MetricSource(Protocol):
    """What makes metrics at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        ...


@contextmanager
def collector_served(collector: MetricSource, address: str, port: int) -> Generator[None]:
    """Serve `/metrics` during a block.

    Raises:
        ModuleNotFoundError: `prometheus_client` is not installed.
        OSError: The address cannot be used.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry(auto_describe=False)
    # With `describe` it would be called at once.
    registry.register(collector)
    server, thread = start_http_server(port, address, registry)
    logger.info("metrics are served at http://%s:%d/metrics", address, port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
