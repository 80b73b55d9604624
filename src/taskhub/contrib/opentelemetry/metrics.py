"""The metrics: those of OpenTelemetry's messaging conventions, and ours beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from taskhub.contrib.opentelemetry import attributes as names
from taskhub.exceptions import OperationalError

logger = logging.getLogger(__name__)

#: The bounds of buckets that the conventions ask for, seconds.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
#: Tasks run, and messages wait, for longer than calls take.
LONG_BOUNDS: Final = (*BOUNDS, 30, 60, 300, 900, 3600, 14_400)


class Metrics:
    """The instruments of a meter.

    Args:
        meter: Makes them.
        brokers: Returns the brokers whose queues this process reports on.
    """

    def __init__(self, meter: Meter, brokers: Callable[[], Iterable[Any]]) -> None:
        self._brokers = brokers

        def seconds(name: str, text: str, bounds: tuple[float, ...]) -> Any:
            return meter.create_histogram(
                name, "s", text, explicit_bucket_boundaries_advisory=bounds
            )

        self.sent = meter.create_counter(
            "messaging.client.sent.messages",
            "{message}",
            "Number of messages producer attempted to send to the broker.",
        )
        self.consumed = meter.create_counter(
            "messaging.client.consumed.messages",
            "{message}",
            "Number of messages that were delivered to the application.",
        )
        self.operation = seconds(
            "messaging.client.operation.duration",
            "Duration of messaging operation initiated by a producer or consumer client.",
            BOUNDS,
        )
        self.process = seconds(
            "messaging.process.duration", "Duration of processing operation.", LONG_BOUNDS
        )
        self.wait = seconds(
            "taskhub.message.wait.duration",
            "How long messages were ready before their task began.",
            LONG_BOUNDS,
        )
        self.retries = meter.create_counter(
            "taskhub.task.retries", "{retry}", "Number of runs that ended by asking for another."
        )
        self.active = meter.create_up_down_counter(
            "taskhub.task.active", "{task}", "Number of tasks that run."
        )
        meter.create_observable_gauge(
            "taskhub.queue.messages",
            [self._observe_queues],
            "{message}",
            "Number of messages in a queue that wait.",
        )

    def _observe_queues(self, options: CallbackOptions) -> Iterator[Observation]:
        for broker in self._brokers():
            try:
                found = broker.engine.queues()
            except OperationalError as error:
                logger.warning("the lengths of queues are not known: %s", error)
                continue
            server = names.of_server(broker)
            for queue, counts in found.items():
                where = {names.SYSTEM: "taskhub", names.DESTINATION: queue, **server}
                for state in ("ready", "delayed", "rate_limited"):
                    yield Observation(getattr(counts, state), {**where, names.MESSAGE_STATE: state})
