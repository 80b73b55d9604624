"""Letters to every worker, and replies to one caller."""

from __future__ import annotations

import threading
import time

import pytest

from taskhub.engine.port.control_bus import ControlMessage, ControlSubscription
from taskhub.engine.port.engine import Engine
from tests.contract.stage import Clock


def texts(messages: list[ControlMessage]) -> list[bytes]:
    """Return what messages say."""
    return [message.text for message in messages]


def receive(control_subscription: ControlSubscription, count: int = 1) -> list[ControlMessage]:
    """Receive so many messages."""
    found: list[ControlMessage] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        found += control_subscription.receive(1.0)
    return found


def receive_until(control_subscription: ControlSubscription, text: bytes) -> list[ControlMessage]:
    """Receive messages up to one with a text, which must come."""
    found: list[ControlMessage] = []
    while not found or found[-1].text != text:
        (messages := control_subscription.receive(10.0)) or pytest.fail(
            f"no message {text!r} among {len(found)}"
        )
        found += messages
    return found


def test_every_control_subscription_gets_every_letter_that_is_posted_after_it_was_opened(
    engine: Engine,
) -> None:
    engine.control_bus.publish_command("early")
    first, second = (
        engine.control_bus.subscribe(),
        engine.control_bus.subscribe(),
    )
    engine.control_bus.publish_command("one")
    engine.control_bus.publish_command("two\nlines")

    assert texts(receive(first, 2)) == [b"one", b"two\nlines"]
    assert texts(receive(second, 2)) == [b"one", b"two\nlines"]
    assert first.receive(0.0) == []
    first.close()
    second.close()


def test_a_control_subscription_of_an_empty_store_gets_the_first_letter(engine: Engine) -> None:
    control_subscription = engine.control_bus.subscribe()
    assert control_subscription.receive(0.0) == []
    engine.control_bus.publish_command("one")

    assert texts(receive(control_subscription)) == [b"one"]
    control_subscription.close()


def test_who_comes_back_misses_nothing(engine: Engine) -> None:
    control_subscription = engine.control_bus.subscribe()
    engine.control_bus.publish_command("one")
    (one,) = receive(control_subscription)
    assert control_subscription.last_id == one.id
    control_subscription.close()
    engine.control_bus.publish_command("two")

    control_subscription = engine.control_bus.subscribe(one.id)

    assert texts(receive(control_subscription)) == [b"two"]
    control_subscription.close()


def test_a_letter_tells_how_old_it_is(engine: Engine, clock: Clock) -> None:
    control_subscription = engine.control_bus.subscribe()
    engine.control_bus.publish_command("one")
    clock.advance(1500)

    (message,) = receive(control_subscription)

    assert message.elapsed == 1500
    control_subscription.close()


def test_letters_are_named_differently(engine: Engine) -> None:
    control_subscription = engine.control_bus.subscribe()
    for _ in range(20):
        engine.control_bus.publish_command("same")

    assert len({message.id for message in receive(control_subscription, 20)}) == 20
    control_subscription.close()


def test_only_so_many_letters_are_kept(engine: Engine) -> None:
    control_subscription = engine.control_bus.subscribe()
    for number in range(1300):
        engine.control_bus.publish_command(str(number))

    received = receive_until(control_subscription, b"1299")

    assert 1000 <= len(received) < 1300
    control_subscription.close()


def test_a_wait_is_ended_by_another_thread(engine: Engine) -> None:
    control_subscription = engine.control_bus.subscribe()
    timer = threading.Timer(0.05, control_subscription.interrupt)
    timer.start()
    began = time.monotonic()

    assert control_subscription.receive(30.0) == []

    assert time.monotonic() - began < 20
    timer.join()
    control_subscription.close()


def test_a_letter_ends_the_wait(engine: Engine) -> None:
    control_subscription = engine.control_bus.subscribe()
    timer = threading.Timer(0.05, engine.control_bus.publish_command, ["now"])
    timer.start()

    assert texts(control_subscription.receive(1.9)) == [b"now"]
    timer.join()
    control_subscription.close()


def test_replies_come_to_the_one_who_has_the_reply_to(engine: Engine) -> None:
    engine.control_bus.send_reply("mine", "one")
    engine.control_bus.send_reply("other", "not mine")
    engine.control_bus.send_reply("mine", "two")

    with engine.control_bus.collect_replies("mine") as replies:
        assert replies.receive(5.0) == b"one"
        assert replies.receive(5.0) == b"two"
        assert replies.receive(0.01) is None
        timer = threading.Timer(0.05, engine.control_bus.send_reply, ["mine", "three"])
        timer.start()
        assert replies.receive(5.0) == b"three"
        timer.join()


def test_an_claim_name_is_taken_once(engine: Engine) -> None:
    assert engine.control_bus.claim_once("a")
    assert not engine.control_bus.claim_once("a")
    assert engine.control_bus.claim_once("b")
