"""Letters to every worker, and replies to one caller."""

from __future__ import annotations

import threading
import time

import pytest

from taskhub.engine.mailbox import Inbox, Letter
from taskhub.engine.port import Engine
from tests.contract.stage import Clock


def texts(letters: list[Letter]) -> list[bytes]:
    """Return what letters say."""
    return [letter.text for letter in letters]


def receive(inbox: Inbox, count: int = 1) -> list[Letter]:
    """Receive so many letters."""
    found: list[Letter] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        found += inbox.wait(1.0)
    return found


def receive_until(inbox: Inbox, text: bytes) -> list[Letter]:
    """Receive letters up to one with a text, which must come."""
    found: list[Letter] = []
    while not found or found[-1].text != text:
        (letters := inbox.wait(10.0)) or pytest.fail(f"no letter {text!r} among {len(found)}")
        found += letters
    return found


def test_every_inbox_gets_every_letter_that_is_posted_after_it_was_opened(engine: Engine) -> None:
    engine.mailbox.post("early")
    first, second = engine.mailbox.inbox(), engine.mailbox.inbox()
    engine.mailbox.post("one")
    engine.mailbox.post("two\nlines")

    assert texts(receive(first, 2)) == [b"one", b"two\nlines"]
    assert texts(receive(second, 2)) == [b"one", b"two\nlines"]
    assert first.wait(0.0) == []
    first.close()
    second.close()


def test_an_inbox_of_an_empty_store_gets_the_first_letter(engine: Engine) -> None:
    inbox = engine.mailbox.inbox()
    assert inbox.wait(0.0) == []
    engine.mailbox.post("one")

    assert texts(receive(inbox)) == [b"one"]
    inbox.close()


def test_who_comes_back_misses_nothing(engine: Engine) -> None:
    inbox = engine.mailbox.inbox()
    engine.mailbox.post("one")
    (one,) = receive(inbox)
    assert inbox.last == one.id
    inbox.close()
    engine.mailbox.post("two")

    inbox = engine.mailbox.inbox(one.id)

    assert texts(receive(inbox)) == [b"two"]
    inbox.close()


def test_a_letter_tells_how_old_it_is(engine: Engine, clock: Clock) -> None:
    inbox = engine.mailbox.inbox()
    engine.mailbox.post("one")
    clock.advance(1500)

    (letter,) = receive(inbox)

    assert letter.age == 1500
    inbox.close()


def test_letters_are_named_differently(engine: Engine) -> None:
    inbox = engine.mailbox.inbox()
    for _ in range(20):
        engine.mailbox.post("same")

    assert len({letter.id for letter in receive(inbox, 20)}) == 20
    inbox.close()


def test_only_so_many_letters_are_kept(engine: Engine) -> None:
    inbox = engine.mailbox.inbox()
    for number in range(1300):
        engine.mailbox.post(str(number))

    received = receive_until(inbox, b"1299")

    assert 1000 <= len(received) < 1300
    inbox.close()


def test_a_wait_is_ended_by_another_thread(engine: Engine) -> None:
    inbox = engine.mailbox.inbox()
    timer = threading.Timer(0.05, inbox.wake)
    timer.start()
    began = time.monotonic()

    assert inbox.wait(30.0) == []

    assert time.monotonic() - began < 20
    timer.join()
    inbox.close()


def test_a_letter_ends_the_wait(engine: Engine) -> None:
    inbox = engine.mailbox.inbox()
    timer = threading.Timer(0.05, engine.mailbox.post, ["now"])
    timer.start()

    assert texts(inbox.wait(1.9)) == [b"now"]
    timer.join()
    inbox.close()


def test_replies_come_to_the_one_who_has_the_ticket(engine: Engine) -> None:
    engine.mailbox.reply("mine", "one")
    engine.mailbox.reply("other", "not mine")
    engine.mailbox.reply("mine", "two")

    with engine.mailbox.replies("mine") as replies:
        assert replies.wait(5.0) == b"one"
        assert replies.wait(5.0) == b"two"
        assert replies.wait(0.01) is None
        timer = threading.Timer(0.05, engine.mailbox.reply, ["mine", "three"])
        timer.start()
        assert replies.wait(5.0) == b"three"
        timer.join()


def test_an_errand_is_taken_once(engine: Engine) -> None:
    assert engine.mailbox.take("a")
    assert not engine.mailbox.take("a")
    assert engine.mailbox.take("b")
