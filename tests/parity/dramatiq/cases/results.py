"""Results: which are stored, for how long, and what getting them comes to."""

from __future__ import annotations

from typing import Any

import dramatiq
from stage import Working, make_broker, result_of, until


def results_are_stored_where_asked_for() -> Any:
    broker = make_broker()

    @dramatiq.actor
    def silent() -> int:
        return 1

    @dramatiq.actor(store_results=True)
    def stored() -> int:
        return 2

    @dramatiq.actor(store_results=True)
    def nothing() -> None:
        pass

    with Working(broker):
        sent = [
            silent.send(),
            silent.send_with_options(store_results=True),
            stored.send(),
            stored.send_with_options(store_results=False),
            nothing.send(),
        ]
        broker.join("default")
        return [result_of(message) for message in sent]


def the_middleware_may_store_all_results() -> Any:
    broker = make_broker(store_results=True)

    @dramatiq.actor
    def stored() -> int:
        return 2

    @dramatiq.actor(store_results=False)
    def silent() -> int:
        return 1

    with Working(broker):
        sent = [stored.send(), silent.send()]
        broker.join("default")
        return [result_of(message) for message in sent]


def results_are_forgotten_in_time() -> Any:
    broker = make_broker(result_ttl=60_000)

    @dramatiq.actor(store_results=True)
    def kept() -> int:
        return 1

    @dramatiq.actor(store_results=True, result_ttl=300)
    def forgotten() -> int:
        return 2

    with Working(broker):
        sent = [kept.send(), forgotten.send(), kept.send_with_options(result_ttl=300)]
        broker.join("default")
        until(lambda: result_of(sent[1]) == result_of(sent[2]) == "ResultMissing")
        return [result_of(message) for message in sent]


def failures_are_results() -> Any:
    broker = make_broker()

    @dramatiq.actor(store_results=True, max_retries=1)
    def failing() -> None:
        raise ValueError("no luck")

    @dramatiq.actor(max_retries=0)
    def failing_silently() -> None:
        raise ValueError("no luck")

    with Working(broker):
        sent = [failing.send(), failing_silently.send()]
        broker.join("default")
        # The result of a failure is stored after its message has left the queue.
        return [result_of(sent[0], block=True, timeout=5000), result_of(sent[1])]


def a_result_that_does_not_come_in_time() -> Any:
    make_broker()

    @dramatiq.actor(store_results=True)
    def never() -> None:
        pass

    message = never.send()
    return [result_of(message), result_of(message, block=True, timeout=200)]


def an_encoder_of_ones_own() -> Any:
    from dramatiq.encoder import PickleEncoder

    before = dramatiq.get_encoder()
    dramatiq.set_encoder(PickleEncoder())
    try:
        broker = make_broker()
        seen: list[Any] = []

        @dramatiq.actor(store_results=True)
        def takes(value: Any) -> Any:
            seen.append(repr(value))
            return value

        with Working(broker):
            message = takes.send(complex(1, 2))
            piped = takes.message({1, 2}) | takes.message_with_options(pipe_ignore=False)
            value = result_of(message, block=True, timeout=5000)
            broker.join("default")
        return [repr(value), seen, len(piped.messages)]
    finally:
        dramatiq.set_encoder(before)
