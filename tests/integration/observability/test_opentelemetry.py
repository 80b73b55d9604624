"""TaskhubInstrumentor: spans and headers of tasks and native actors."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import dramatiq
import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.trace import SpanKind, StatusCode

from taskhub import Celery, chain, chord, group
from taskhub.exceptions import Ignore, OperationalError, Reject
from tests.integration.observability.recorded_telemetry import Told, attributes, id_of, parent
from tests.support.in_process import working
from tests.support.servers import find_free_port
from tests.support.workers import until


def test_call_and_run_are_spans_of_one_trace(told: Told) -> None:
    @told.app.task
    def add(x: int, y: int) -> int:
        return x + y

    with working(told.app), told.tracer.start_as_current_span("caller") as caller:
        result = add.apply_async((1, 2), headers={"own": "kept"})
        assert result.get(timeout=10) == 3
        send, process = told.spans(2)
    assert (send.name, send.kind) == ("send celery", SpanKind.PRODUCER)
    assert (process.name, process.kind) == ("process celery", SpanKind.CONSUMER)
    assert parent(send) == caller.get_span_context().span_id
    assert parent(process) == id_of(send)
    common = {
        "messaging.system": "taskhub",
        "messaging.destination.name": "celery",
        "messaging.message.id": result.id,
        "messaging.message.conversation_id": result.id,
        "taskhub.task.name": add.name,
    }
    assert attributes(send) == {
        **common, "messaging.operation.name": "send", "messaging.operation.type": "send",
    }  # fmt: skip
    ran = attributes(process)
    assert 0 <= ran.pop("taskhub.message.wait_time") < 5
    assert ran.pop("messaging.client.id")
    assert ran == {
        **common,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "taskhub.message.deliveries": 1,
        "taskhub.task.state": "SUCCESS",
    }
    assert process.status.status_code is StatusCode.UNSET


def test_a_failure_is_an_error_with_its_exception(told: Told) -> None:
    @told.app.task
    def fails() -> None:
        raise LookupError("no luck")

    with working(told.app):
        fails.delay().wait(timeout=10, propagate=False)
        _, process = told.spans(2)
    assert process.status.status_code is StatusCode.ERROR
    assert process.status.description == "no luck"
    assert attributes(process)["error.type"] == "LookupError"
    assert attributes(process)["taskhub.task.state"] == "FAILURE"
    (event,) = process.events
    assert event.name == "exception"
    assert event.attributes is not None
    assert event.attributes["exception.type"] == "LookupError"
    assert "in fails" in str(event.attributes["exception.stacktrace"])


def test_what_is_no_failure_is_no_error(told: Told) -> None:
    app = told.app

    @app.task(throws=(KeyError,))
    def expects() -> None:
        raise KeyError("expected")

    @app.task
    def ignores() -> None:
        raise Ignore

    @app.task
    def rejects() -> None:
        raise Reject("never", requeue=False)

    @app.task
    def late() -> None:
        raise AssertionError

    with working(app):
        for task in (expects, ignores, rejects):
            task.delay()
        late.apply_async(expires=-1)
        spans = told.spans(8)
    ended = {
        attributes(span)["taskhub.task.name"].rpartition(".")[2]: (
            attributes(span)["taskhub.task.state"],
            attributes(span).get("taskhub.task.revoked"),
            span.status.status_code,
        )
        for span in spans
        if span.kind is SpanKind.CONSUMER
    }
    assert ended == {
        "expects": ("FAILURE", None, StatusCode.UNSET),
        "ignores": ("IGNORED", None, StatusCode.UNSET),
        "rejects": ("FAILURE", None, StatusCode.ERROR),
        "late": ("REVOKED", "expired", StatusCode.UNSET),
    }


def test_tries_of_a_task_are_one_below_the_other(told: Told) -> None:
    @told.app.task(bind=True, max_retries=3)
    def tries(self: Any) -> int:
        if self.request.retries < 2:
            raise self.retry(exc=ConnectionError("away"), countdown=0)
        return int(self.request.retries)

    with working(told.app):
        assert tries.delay().get(timeout=20) == 2
        spans = told.spans(6)
    assert [span.name.split()[0] for span in spans] == [
        "send", "process", "create", "process", "create", "process",
    ]  # fmt: skip
    for before, after in pairwise(spans):
        assert parent(after) == id_of(before)
    first, second, third = spans[1::2]
    assert [attributes(span)["taskhub.task.state"] for span in (first, second, third)] == [
        "RETRY", "RETRY", "SUCCESS",
    ]  # fmt: skip
    assert first.status.status_code is StatusCode.UNSET
    (event,) = first.events
    assert (event.name, dict(event.attributes or {})) == (
        "taskhub.retry",
        {"exception.type": "ConnectionError", "exception.message": "away"},
    )
    assert "taskhub.task.retries" not in attributes(first)
    assert attributes(third)["taskhub.task.retries"] == 2
    points = {name: found for name, found in told.metrics().items() if "retries" in name}
    assert [point.value for point in points["taskhub.task.retries"]] == [2]


def test_links_of_a_chain_and_callbacks_continue_the_trace(told: Told) -> None:
    app = told.app
    errors: list[Any] = []

    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    @app.task
    def fails(x: int) -> None:
        raise ValueError(x)

    @app.task
    def note(task_id: str) -> None:
        errors.append(task_id)

    with working(app), told.tracer.start_as_current_span("caller"):
        flow = chain(add.s(1, 2), add.s(3), fails.s().on_error(note.si("failed")))
        flow.apply_async()
        until(lambda: errors, "the errback", 20.0)
        spans = told.spans(8)
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    processed = [span for span in spans if span.kind is SpanKind.CONSUMER]
    assert [attributes(span)["taskhub.task.name"].rpartition(".")[2] for span in processed] == [
        "add", "add", "fails", "note",
    ]  # fmt: skip
    by_id = {id_of(span): span for span in spans}
    for before, after in pairwise(processed):
        created = by_id[parent(after) or 0]
        assert created.name == "create celery"
        assert parent(created) == id_of(before)
    roots = {attributes(span)["messaging.message.conversation_id"] for span in processed}
    assert roots == {attributes(processed[0])["messaging.message.id"]}


def test_the_body_of_a_chord_is_linked_to_the_runs_of_its_header(told: Told) -> None:
    app = told.app

    @app.task
    def square(x: int) -> int:
        return x * x

    @app.task(queue="sums")
    def total(values: list[int]) -> int:
        return sum(values)

    with working(app, threads=2), told.tracer.start_as_current_span("caller") as caller:
        body = chord(group(square.s(n) for n in range(4)), total.s())()
        assert body.get(timeout=20) == 14
        spans = told.spans(11)
    runs = [span for span in spans if span.kind is SpanKind.CONSUMER]
    (last,) = (span for span in runs if span.name == "process sums")
    squares = [span for span in runs if span.name == "process celery"]
    assert {link.context.span_id for link in last.links} == set(map(id_of, squares))
    created = [span for span in spans if span.name.startswith("create")]
    (batch,) = (span for span in spans if span.kind is SpanKind.CLIENT)
    assert parent(batch) == caller.get_span_context().span_id
    assert {parent(span) for span in runs} == set(map(id_of, created))
    # The body is stored with its chord, and sent by the last of the header.
    members = [span for span in created if span.name == "create celery"]
    assert {link.context.span_id for link in batch.links} >= set(map(id_of, members))
    assert attributes(batch)["messaging.batch.message_count"] == 4
    assert {attributes(span)["taskhub.group.id"] for span in squares} != {None}


def test_coroutines_and_their_own_calls_are_in_the_trace(told: Told) -> None:
    app = told.app

    @app.task
    def inner() -> str:
        return format(trace.get_current_span().get_span_context().trace_id, "032x")

    @app.task
    async def outer() -> str:
        with told.tracer.start_as_current_span("own"):
            result = await inner.adelay()
        return str(result.id)

    with working(app, threads=2):
        inner_id = outer.delay().get(timeout=20)
        traced = app.AsyncResult(inner_id).get(timeout=20)
        spans = told.spans(5)
    names = [span.name for span in spans]
    assert names == ["send celery", "process celery", "own", "send celery", "process celery"]
    for before, after in pairwise(spans):
        assert parent(after) == id_of(before)
    assert spans[0].context is not None
    assert traced == format(spans[0].context.trace_id, "032x")


def test_native_actors_and_their_retries(told: Told) -> None:
    tries: list[int] = []
    broker = told.app.broker

    @dramatiq.actor(broker=broker, max_retries=1, min_backoff=1, queue_name="native")
    def actor(word: str) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise TimeoutError(word)

    with working(told.app), told.tracer.start_as_current_span("caller"):
        message = actor.send("slow")
        until(lambda: len(tries) == 2, "two tries", 20.0)
        send, first, create, second = told.spans(4)
    assert [send.name, first.name, create.name, second.name] == [
        "send native", "process native", "create native", "process native",
    ]  # fmt: skip
    assert (parent(first), parent(create), parent(second)) == (
        id_of(send), id_of(first), id_of(create),
    )  # fmt: skip
    assert attributes(first)["taskhub.task.state"] == "RETRY"
    assert [event.name for event in first.events] == ["taskhub.retry"]
    assert attributes(second)["taskhub.task.state"] == "SUCCESS"
    assert {attributes(span)["messaging.message.id"] for span in (first, second)} == {
        message.message_id
    }


def test_a_task_that_is_ended_from_outside(told: Told) -> None:
    app = told.app
    noted: list[int] = []

    @app.task(time_limit=0.3)
    def sleeps() -> None:
        for _ in range(200):
            time.sleep(0.05)

    @app.task
    def note(task_id: str) -> None:
        noted.append(trace.get_current_span().get_span_context().trace_id)

    with working(app, threads=2):
        sleeps.apply_async(link_error=note.s())
        until(lambda: noted, "the errback", 20.0)
        spans = told.spans(4)
    send, process, create, _ = spans
    assert process.status.status_code is StatusCode.ERROR
    assert attributes(process)["error.type"] == "taskhub.exceptions.TimeLimitExceeded"
    assert parent(create) == id_of(process)
    assert send.context is not None
    assert noted == [send.context.trace_id]


def test_a_call_that_is_refused_is_an_error(told: Told) -> None:
    app = Celery("nowhere", broker=f"redis://127.0.0.1:{find_free_port()}/0")
    app.conf.task_publish_retry = False

    @app.task
    def lost() -> None: ...

    with pytest.raises(OperationalError):
        lost.delay()
    app.close()
    (send,) = told.spans(1)
    assert send.status.status_code is StatusCode.ERROR
    assert attributes(send)["error.type"] == "taskhub.exceptions.OperationalError"
    assert attributes(send)["server.address"] == "127.0.0.1"
    (point,) = told.metrics()["messaging.client.sent.messages"]
    assert point.attributes["error.type"] == "taskhub.exceptions.OperationalError"


def test_context_is_in_the_headers_and_a_callers_own_is_kept(told: Told) -> None:
    @told.app.task(bind=True)
    def shows(self: Any) -> Any:
        return dict(self.request.headers or {})

    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    token = context.attach(baggage.set_baggage("customer", "17"))
    try:
        with working(told.app):
            found = shows.delay().get(timeout=10)
            kept = shows.apply_async(headers={"traceparent": own}).get(timeout=10)
            spans = told.spans(4)
    finally:
        context.detach(token)
    assert found["traceparent"].split("-")[2] == format(id_of(spans[0]), "016x")
    assert found["baggage"] == "customer=17"
    assert kept["traceparent"] == own
    assert spans[2].kind is SpanKind.CLIENT
    assert [link.context.span_id for link in spans[2].links] == [0xB7AD6B7169203331]
    assert parent(spans[3]) == 0xB7AD6B7169203331
