"""The instrumentor, in OpenTelemetry's conventions."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Collection, Iterable
from importlib.metadata import version
from typing import Any, Final

from opentelemetry import _logs, metrics, trace

# The file is left out of type checks there.
from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined]
    BaseInstrumentor,
)

from taskhub import Celery, instrumentation, signals
from taskhub.contrib.opentelemetry.metrics import Metrics
from taskhub.contrib.opentelemetry.tracing import OpenTelemetry
from taskhub.version import __version__

logger = logging.getLogger(__name__)

#: The first version of opentelemetry-api that has all that is used here.
OLDEST_API: Final = (1, 30)
#: At its end a worker process waits so long for each exporter, milliseconds.
FLUSH_TIMEOUT: Final = 5000
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.30.0"
_CELERYS: Final = "opentelemetry.instrumentation.celery"


class TaskhubInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Traces and measures the calls and runs of all apps of this process.

    `instrument(app=None, tracer_provider=None, meter_provider=None)`: `app` is one whose lengths of
    queues this process reports; in a worker process they are reported without it. Providers are by
    default the global ones.
    """

    _instrument_installed: OpenTelemetry | None = None
    #: Of spans and metrics; None: the global ones.
    _providers: tuple[Any, Any] = (None, None)

    def __init__(self) -> None:
        super().__init__()
        # It is made once, and initialized at each call of the class.
        self._given: Any = getattr(self, "_given", None)
        self._of_workers: list[Any] = getattr(self, "_of_workers", [])

    def instrumentation_dependencies(self) -> Collection[str]:
        return ("taskhub-core",)

    def instrument(self, **kwargs: Any) -> None:
        """Begin; one line in the log says why, where that is not possible.

        Raises:
            TypeError: `app` is no app.
        """
        app = kwargs.get("app")
        if app is not None and not isinstance(app, Celery):
            raise TypeError(f"instrument(app=) takes a taskhub app, not {type(app).__name__}")
        problem = None if self.is_instrumented_by_opentelemetry else find_problem()
        if problem is not None:
            logger.error("taskhub is not instrumented: %s", problem)
            return
        super().instrument(**kwargs)

    def _instrument(self, **kwargs: Any) -> None:
        app = kwargs.get("app")
        self._given = None if app is None else app.broker
        tracer = trace.get_tracer(
            "taskhub", __version__, kwargs.get("tracer_provider"), schema_url=_SCHEMA
        )
        meter = metrics.get_meter(
            "taskhub", __version__, kwargs.get("meter_provider"), schema_url=_SCHEMA
        )
        self._instrument_installed = OpenTelemetry(tracer, Metrics(meter, self._reported))
        instrumentation.install(self._instrument_installed)
        signals.worker_ready.connect(self._report_worker)
        signals.worker_shutting_down.connect(self._forget_workers)
        signals.worker_ready.connect(_warn_of_celerys)
        self._providers = kwargs.get("tracer_provider"), kwargs.get("meter_provider")
        signals.worker_process_shutdown.connect(self._flush)

    def _uninstrument(self, **kwargs: Any) -> None:
        if self._instrument_installed is not None:
            instrumentation.uninstall(self._instrument_installed)
            self._instrument_installed = None
        self._of_workers.clear()
        signals.worker_ready.disconnect(self._report_worker)
        signals.worker_shutting_down.disconnect(self._forget_workers)
        signals.worker_ready.disconnect(_warn_of_celerys)
        signals.worker_process_shutdown.disconnect(self._flush)

    def _flush(self, **_: Any) -> None:
        """Export what is left when a worker process ends; Dramatiq's run no exit handlers."""
        tracers, meters = self._providers
        for provider in (
            tracers or trace.get_tracer_provider(),
            meters or metrics.get_meter_provider(),
            _logs.get_logger_provider(),
        ):
            # Those of the API alone have nothing to export.
            flush = getattr(provider, "force_flush", None)
            if flush is not None:
                flush(FLUSH_TIMEOUT)

    def _reported(self) -> Iterable[Any]:
        given = () if self._given is None else (self._given,)
        return (*given, *(broker for broker in self._of_workers if broker is not self._given))

    def _report_worker(self, sender: Any, **_: Any) -> None:
        if sender.broker is not None and sender.broker not in self._of_workers:
            self._of_workers.append(sender.broker)

    def _forget_workers(self, **_: Any) -> None:
        """The store may be gone before the last measurement."""
        self._of_workers.clear()


def find_problem() -> str | None:
    """Return why taskhub cannot be instrumented, one line; None: it can."""
    if _is_celerys_active():
        return (
            "CeleryInstrumentor is active, and both would trace each call: call its uninstrument() "
            "first, or set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=celery"
        )
    installed = version("opentelemetry-api")
    numbers = tuple(int(number) for number in re.findall(r"\d+", installed)[:2])
    if numbers < OLDEST_API:
        oldest = ".".join(map(str, OLDEST_API))
        return f"opentelemetry-api {installed} is too old: install {oldest} or a later one"
    return None


def _is_celerys_active() -> bool:
    module = sys.modules.get(_CELERYS)
    if module is None:
        return False
    return bool(module.CeleryInstrumentor().is_instrumented_by_opentelemetry)


def _warn_of_celerys(**_: Any) -> None:
    if _is_celerys_active():
        logger.warning(
            "CeleryInstrumentor is active beside TaskhubInstrumentor: each call is traced twice; "
            "set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=celery"
        )
