"""An instrumented app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskhub.contrib.opentelemetry import TaskhubInstrumentor
from tests.integration.observability.recorded_telemetry import Told


@pytest.fixture
def told() -> Iterator[Told]:
    found = Told()
    TaskhubInstrumentor().instrument(tracer_provider=found.provider, meter_provider=found.meters)
    try:
        yield found
    finally:
        TaskhubInstrumentor().uninstrument()
        found.provider.shutdown()
        found.meters.shutdown()
