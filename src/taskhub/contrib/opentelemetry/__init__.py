"""OpenTelemetry for taskhub: traces, metrics and log fields by its messaging conventions.

    from taskhub.contrib.opentelemetry import TaskhubInstrumentor

    TaskhubInstrumentor().instrument()

Needs the extra `taskhub-core[opentelemetry]`. docs/observability.md lists spans, attributes and
metrics.
"""

from __future__ import annotations

try:
    from taskhub.contrib.opentelemetry.instrumentor import TaskhubInstrumentor
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("opentelemetry"):
        raise
    raise ModuleNotFoundError(
        f"taskhub.contrib.opentelemetry needs {error.name}: install the extra "
        "taskhub-core[opentelemetry]",
        name=error.name,
    ) from None

__all__ = ["TaskhubInstrumentor"]
