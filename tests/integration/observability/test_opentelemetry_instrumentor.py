"""TaskhubInstrumentor: metrics, fields of log lines, and when it does not instrument."""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from typing import Any

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from taskhub import Celery, group, instrumentation
from taskhub.contrib.opentelemetry import TaskhubInstrumentor, instrumentor
from taskhub.logs.formatters import JsonFormatter, TaskFormatter
from tests.integration.observability.recorded_telemetry import Told
from tests.support.in_process import working
from tests.support.workers import until


def test_metrics_of_calls_runs_and_queues(told: Told) -> None:
    app = told.app
    go = threading.Event()

    @app.task
    def waits() -> None:
        go.wait(20)

    @app.task
    def fails() -> None:
        raise ValueError

    with working(app):
        waits.delay()
        fails.delay()
        until(lambda: told.metrics().get("taskhub.task.active"), "the first task", 20.0)
        during = told.metrics()
        go.set()
        told.spans(4)
        after = told.metrics()
    assert {
        point.attributes["taskhub.task.name"]: point.value
        for point in during["taskhub.task.active"]
    } == {waits.name: 1}
    waiting = {
        point.attributes["taskhub.message.state"]: point.value
        for point in during["taskhub.queue.messages"]
        if point.attributes["messaging.destination.name"] == "celery"
    }
    assert waiting.keys() == {"ready", "delayed", "rate_limited"}
    assert [point.value for point in after["messaging.client.sent.messages"]] == [2]
    assert [point.value for point in after["messaging.client.consumed.messages"]] == [2]
    assert [point.count for point in after["messaging.client.operation.duration"]] == [2]
    processed = {
        point.attributes["taskhub.task.name"]: (point.count, point.attributes.get("error.type"))
        for point in after["messaging.process.duration"]
    }
    assert processed == {waits.name: (1, None), fails.name: (1, "ValueError")}
    assert sum(point.count for point in after["taskhub.message.wait.duration"]) == 2
    assert sum(point.value for point in after["taskhub.task.active"]) == 0


def test_a_process_without_a_worker_reports_the_queues_of_the_app_that_it_names() -> None:
    app = Celery("sender", broker="memory://")

    @app.task(queue="later")
    def add(x: int, y: int) -> int:
        return x + y

    reader = InMemoryMetricReader()
    meters = MeterProvider(metric_readers=[reader])
    TaskhubInstrumentor().instrument(app=app, meter_provider=meters)
    try:
        add.delay(1, 2)
        add.apply_async((1, 2), countdown=60)
        data = reader.get_metrics_data()
    finally:
        TaskhubInstrumentor().uninstrument()
        meters.shutdown()
        app.close()
    assert data is not None
    (scope,) = data.resource_metrics[0].scope_metrics
    (gauge,) = (found for found in scope.metrics if found.name == "taskhub.queue.messages")
    assert {
        (
            point.attributes["messaging.destination.name"],
            point.attributes["taskhub.message.state"],
        ): (point.value)
        for point in gauge.data.data_points
    } == {("later", "ready"): 1, ("later", "delayed"): 1, ("later", "rate_limited"): 0}


def test_lines_of_tasks_have_the_ids_of_their_trace(told: Told) -> None:
    plain: list[str] = []
    objects: list[dict[str, Any]] = []
    logger = logging.getLogger("observed.lines")
    logger.setLevel("INFO")

    class RecordCollector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            objects.append(json.loads(JsonFormatter().format(record)))
            line = TaskFormatter("%(message)s", "%(trace_id)s %(span_id)s %(message)s")
            plain.append(line.format(record))

    @told.app.task
    def logs() -> None:
        logger.info("working")

    handler = RecordCollector()
    logger.addHandler(handler)
    try:
        with working(told.app):
            logs.delay().get(timeout=10)
            _, process = told.spans(2)
            TaskhubInstrumentor().uninstrument()
            logs.delay().get(timeout=10)
    finally:
        logger.removeHandler(handler)
        TaskhubInstrumentor().instrument(tracer_provider=told.provider, meter_provider=told.meters)
    assert process.context is not None
    ids = f"{process.context.trace_id:032x}", f"{process.context.span_id:016x}"
    assert (objects[0]["trace_id"], objects[0]["span_id"]) == ids
    assert plain == [f"{ids[0]} {ids[1]} working", "  working"]
    assert "trace_id" not in objects[1]


def test_without_a_provider_nothing_is_added_to_messages() -> None:
    app = Celery("unobserved", broker="memory://")

    @app.task(bind=True)
    def shows(self: Any) -> Any:
        return self.request.headers

    TaskhubInstrumentor().instrument()
    try:
        with working(app):
            assert shows.delay().get(timeout=10) is None
            assert group(shows.s(), shows.s())().get(timeout=10) == [None, None]
    finally:
        TaskhubInstrumentor().uninstrument()
    assert instrumentation.active == ()


def test_instrumenting_twice_says_so_and_changes_nothing(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    before = instrumentation.active
    TaskhubInstrumentor().instrument(tracer_provider=told.provider)
    assert instrumentation.active is before
    assert "already instrumented" in caplog.text


def test_reasons_against_instrumenting_are_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TypeError, match="takes a taskhub app, not str"):
        TaskhubInstrumentor().instrument(app="shop")
    monkeypatch.setattr(instrumentor, "version", lambda name: "1.29.0")
    TaskhubInstrumentor().instrument()
    assert caplog.messages == [
        "taskhub is not instrumented: opentelemetry-api 1.29.0 is too old: install 1.30 or a later one"
    ]
    assert instrumentation.active == ()
    assert not TaskhubInstrumentor().is_instrumented_by_opentelemetry
    assert isinstance(TaskhubInstrumentor(), BaseInstrumentor)


def test_an_instrument_that_fails_changes_nothing(
    told: Told, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    @told.app.task
    def add(x: int, y: int) -> int:
        return x + y

    (installed,) = instrumentation.active
    failing = Counter[str]()

    def fail(name: str) -> Any:
        def broken(*_: Any) -> None:
            failing[name] += 1
            raise RuntimeError(name)

        return broken

    for name in ("create", "send", "send_batch", "begin", "end", "leave", "link"):
        monkeypatch.setattr(installed, name, fail(name))
    with working(told.app):
        assert add.delay(1, 2).get(timeout=10) == 3
        assert group(add.s(1, 1), add.s(2, 2))().get(timeout=10) == [2, 4]
    assert failing["send"] == 1
    assert failing["begin"] == 3
    assert "instrumentation has failed" in caplog.text
