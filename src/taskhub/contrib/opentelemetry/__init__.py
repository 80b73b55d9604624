"""OpenTelemetry for taskhub: traces, metrics and log fields by its messaging conventions.

    from taskhub.contrib.opentelemetry import TaskhubInstrumentor

    TaskhubInstrumentor().instrument()

Needs the extra `taskhub-core[opentelemetry]`. docs/observability.md lists spans, attributes and
metrics.
"""

from __future__ import annotations

from taskhub.contrib.required_library import explain_import

try:
    from taskhub.contrib.opentelemetry.instrumentor import TaskhubInstrumentor
except ImportError as error:
    explain_import(
        error, __name__, "opentelemetry", "opentelemetry", "opentelemetry.instrumentation"
    )
    raise

__all__ = ["TaskhubInstrumentor"]
