"""Spans and measurements of messages and runs, and the headers that connect them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from time import perf_counter
from typing import Any, Final

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from taskhub import states
from taskhub.contrib.opentelemetry import attributes as names
from taskhub.contrib.opentelemetry.attributes import Attributes
from taskhub.contrib.opentelemetry.metrics import Metrics
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.execution.request import current_request
from taskhub.instrumentation import Headers, Instrument, OutgoingMessage, Sending, headers_of
from taskhub.outcome import Outcome

#: As many links as the SDK keeps by default.
MOST_LINKS: Final = 128

_TRACE_CONTEXT = TraceContextTextMapPropagator()


class OpenTelemetry(Instrument):
    """Makes the spans and measurements.

    Args:
        tracer: Makes the spans.
        metrics: Takes the measurements.
    """

    def __init__(self, tracer: Tracer, metrics: Metrics) -> None:
        self._tracer = tracer
        self._metrics = metrics

    # -- messages

    def create(self, message: OutgoingMessage) -> Headers:
        if _has_own_context(message.options):
            return {}
        span = self._tracer.start_span(
            f"create {message.queue}",
            kind=SpanKind.PRODUCER,
            attributes={
                **names.of_operation("create", "create", message.queue),
                **names.of_outgoing(message),
            },
        )
        span.end()
        return _inject(span)

    def send(self, message: OutgoingMessage) -> Sending:
        operation = names.of_operation("send", "send", message.queue)
        operation |= names.of_server(message.broker)
        own = _has_own_context(message.options)
        span = self._tracer.start_span(
            f"send {message.queue}",
            kind=SpanKind.CLIENT if own else SpanKind.PRODUCER,
            attributes={**operation, **names.of_outgoing(message)},
            links=_links([headers_of(message.options)]) if own else None,
        )
        return _SpanOfSending(
            span, self._metrics, operation, [message.queue], {} if own else _inject(span)
        )

    def send_batch(self, broker: Any, queues: Sequence[str], created: Sequence[Headers]) -> Sending:
        (queue, *others) = set(queues)
        operation = names.of_operation("send", "send", None if others else queue)
        operation |= names.of_server(broker)
        span = self._tracer.start_span(
            "send" if others else f"send {queue}",
            # The messages have contexts of their own, which this one only carries.
            kind=SpanKind.CLIENT,
            attributes={**operation, names.BATCH_COUNT: len(queues)},
            links=_links(created),
        )
        return _SpanOfSending(span, self._metrics, operation, queues, {})

    # -- runs

    def begin(self, delivery: Delivery, app: Any) -> _Run:
        parent = propagate.extract(headers_of(delivery.options), Context())
        operation = names.of_operation("process", "process", delivery.queue_name)
        wait = _wait_of(delivery)
        span = self._tracer.start_span(
            f"process {delivery.queue_name}",
            parent,
            SpanKind.CONSUMER,
            {**operation, **names.of_server(app.broker), **names.of_delivery(delivery, wait)},
        )
        run = _Run(span, trace.set_span_in_context(span, parent), operation, delivery.actor_name)
        metrics = self._metrics
        metrics.active.add(1, run.subject)
        metrics.consumed.add(1, operation)
        if wait is not None:
            metrics.wait.record(wait, run.subject)
        return run

    def link(self, run: _Run, headers: Sequence[Headers]) -> None:
        for each in islice(headers, MOST_LINKS):
            span = trace.get_current_span(_TRACE_CONTEXT.extract(each, Context()))
            if span.get_span_context().is_valid:
                run.span.add_link(span.get_span_context())

    def end(self, run: _Run, delivery: Delivery, outcome: Outcome | None) -> None:
        took = perf_counter() - run.began
        found = names.end_of(delivery.execution, outcome)
        _describe(run.span, found)
        run.span.end()
        metrics = self._metrics
        metrics.active.add(-1, run.subject)
        if found.state == states.RETRY:
            metrics.retries.add(1, run.subject)
        measured = run.subject
        if found.error_type and not found.is_expected:
            measured = {**measured, names.ERROR_TYPE: found.error_type}
        if found.revoked in ("", "terminated"):
            metrics.process.record(took, measured)
        for envelope in () if outcome is None else outcome.publish:
            metrics.sent.add(1, names.of_operation("send", "send", envelope.queue))

    def leave(self, run: _Run) -> None:
        contexts.detach(run.token)

    @contextmanager
    def resume(self, run: _Run) -> Generator[None]:
        token = contexts.attach(run.context)
        try:
            yield
        finally:
            contexts.detach(token)

    # -- what runs now

    def current_headers(self) -> Headers:
        carrier: dict[str, str] = {}
        _TRACE_CONTEXT.inject(carrier)
        return carrier

    def log_fields(self) -> Mapping[str, str]:
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return {}
        return {
            "trace_id": trace.format_trace_id(found.trace_id),
            "span_id": trace.format_span_id(found.span_id),
        }


class _Run:
    """A run, and what is current while it lasts."""

    def __init__(self, span: Span, context: Context, operation: Attributes, task: str) -> None:
        self.span = span
        self.context = context
        #: Attributes of its measurements.
        self.subject: Attributes = {**operation, names.TASK: task}
        self.began = perf_counter()
        self.token = contexts.attach(context)


class _SpanOfSending(Sending):
    """The span of a request that stores messages; current until it ends."""

    def __init__(
        self,
        span: Span,
        metrics: Metrics,
        operation: Attributes,
        queues: Sequence[str],
        headers: Headers,
    ) -> None:
        self.headers = headers
        self._span, self._metrics = span, metrics
        self._operation, self._queues = operation, queues
        self._token = contexts.attach(trace.set_span_in_context(span))
        self._began = perf_counter()

    def end(self, error: BaseException | None) -> None:
        took = perf_counter() - self._began
        contexts.detach(self._token)
        measured = self._operation
        if error is not None:
            measured = {**measured, names.ERROR_TYPE: names.name_of(type(error))}
            self._span.set_attribute(names.ERROR_TYPE, measured[names.ERROR_TYPE])
            self._span.record_exception(error)
            self._span.set_status(Status(StatusCode.ERROR, str(error)))
        self._span.end()
        self._metrics.operation.record(took, measured)
        for queue in set(self._queues):
            number = sum(each == queue for each in self._queues)
            self._metrics.sent.add(number, {**measured, names.DESTINATION: queue})


def _describe(span: Span, end: names.End) -> None:
    """Write on a span how its run has ended: only a failure that nobody expects is an error."""
    if not span.is_recording():
        return
    if end.state:
        span.set_attribute(names.STATE, end.state)
    if end.revoked:
        span.set_attribute(names.REVOKED, end.revoked)
    if end.retry is not None:
        span.add_event(
            "taskhub.retry",
            {
                "exception.type": names.name_of(type(end.retry)),
                "exception.message": str(end.retry),
            },
        )
    if not end.error_type or end.is_expected:
        return
    span.set_attribute(names.ERROR_TYPE, end.error_type)
    if end.error is not None:
        span.record_exception(end.error)
    text = "" if end.error is None else str(end.error)
    span.set_status(Status(StatusCode.ERROR, text or end.error_type))


def _wait_of(delivery: Delivery) -> float | None:
    """Return how long a message was ready before its task began now, seconds; None: unknown."""
    wait = delivery.claim.waited
    return None if wait is None else wait + max(0.0, perf_counter() - delivery.received)


def _inject(span: Span) -> dict[str, str]:
    """Return the headers that name a span; none if it belongs to no trace."""
    carrier: dict[str, str] = {}
    if span.get_span_context().is_valid:
        propagate.inject(carrier, trace.set_span_in_context(span))
    return carrier


def _named_by(headers: Mapping[str, Any]) -> SpanContext:
    """Return the context of the span that headers name; an invalid one: they name none."""
    return trace.get_current_span(propagate.extract(headers, Context())).get_span_context()


def _links(created: Sequence[Mapping[str, Any]]) -> list[Link]:
    """Return links to the spans that headers name."""
    found = map(_named_by, islice(created, MOST_LINKS))
    return [Link(context) for context in found if context.is_valid]


def _has_own_context(options: Mapping[str, Any]) -> bool:
    """Whether a message has the context of another span, which its caller has given it.

    The next try of a task has the headers of the one before, which is no choice of anybody's.
    """
    headers = headers_of(options)
    if not headers or not _named_by(headers).is_valid:
        return False
    given = [name for name in propagate.get_global_textmap().fields if name in headers]
    request = current_request()
    inherited = (request.headers if request is not None else None) or {}
    return any(inherited.get(name) != headers[name] for name in given)
