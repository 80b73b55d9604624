"""Result documents, and following them."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter

import pytest

from taskhub.engine.port.engine import Engine
from tests.contract.stage import claim_one, completion, document, message
from tests.support.workers import until


class Heard:
    """Documents as they are called back."""

    def __init__(self) -> None:
        self.documents: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()

    def __call__(self, task_id: str, stored: bytes) -> None:
        with self._changed:
            self.documents.append((task_id, stored))
            self._changed.notify_all()

    def wait(self, *task_ids: str, state: str = "SUCCESS", timeout: float = 10.0) -> None:
        """Wait until the document with this state has come for each of these ids."""
        wanted = {(task_id, document(task_id, state).encode()) for task_id in task_ids}
        with self._changed:
            heard = self._changed.wait_for(lambda: wanted <= set(self.documents), timeout)
        assert heard, f"not heard of: {sorted(wanted - set(self.documents))[:5]}"


def store(engine: Engine, *task_ids: str, state: str = "SUCCESS") -> None:
    for task_id in task_ids:
        engine.store_state(task_id, document(task_id, state), None)


def test_documents_come_in_the_order_asked_for(engine: Engine) -> None:
    store(engine, "a", "b")

    found = engine.documents(["b", "unknown", "a", "b"])

    b = document("b", "SUCCESS").encode()
    assert found == [b, None, document("a", "SUCCESS").encode(), b]
    assert engine.documents([]) == []


def test_thousands_are_read_and_forgotten(engine: Engine) -> None:
    names = [f"id{number}" for number in range(2500)]
    engine.enqueue([message(name) for name in names])
    claims = engine.claim("w1", ["default"], 2500).claims
    engine.commit("w1", [completion(claim) for claim in claims])

    assert None not in engine.documents(names)
    engine.forget(names)

    assert engine.documents(names) == [None] * 2500


def test_forgetting_may_be_repeated(engine: Engine) -> None:
    engine.forget(["unknown"])
    engine.forget([])


def test_documents_are_forgotten_in_time(engine: Engine) -> None:
    """By the store's own clock: the server expires keys by no other."""
    engine.store_state("short", document("short", "SUCCESS"), 1)
    engine.store_state("long", document("long", "SUCCESS"), 60_000)

    deadline = time.monotonic() + 5
    clock = getattr(engine, "_clock", None)
    while engine.documents(["short"]) != [None]:
        assert time.monotonic() < deadline
        time.sleep(0.002)
        if hasattr(clock, "advance"):
            clock.advance(2)

    assert engine.documents(["long"]) != [None]


def test_a_present_document_is_called_back(engine: Engine) -> None:
    heard = Heard()
    store(engine, "id")

    with engine.follow(["id"], heard):
        heard.wait("id")


def test_later_documents_are_called_back(engine: Engine) -> None:
    heard = Heard()
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    with engine.follow(["id"], heard):
        store(engine, "id", state="STARTED")
        heard.wait("id", state="STARTED")
        engine.commit("w1", [completion(claim, "FAILURE")])
        heard.wait("id", state="FAILURE")


def test_no_document_slips_through_between_looking_and_following(engine: Engine) -> None:
    for number in range(30):
        heard, name = Heard(), f"id{number}"
        writer = threading.Thread(target=store, args=(engine, name))
        writer.start()
        with engine.follow([name], heard):
            heard.wait(name)
        writer.join()


def test_nothing_is_called_back_after_the_end(engine: Engine) -> None:
    heard, witness = Heard(), Heard()
    following = engine.follow(["id"], heard)
    with engine.follow(["id", "other"], witness):
        store(engine, "id", state="STARTED")
        heard.wait("id", state="STARTED")
        following.close()
        following.close()
        store(engine, "id", "other")
        witness.wait("id", "other")

    assert (("id", document("id", "SUCCESS").encode())) not in heard.documents


def test_following_again_after_all_have_left(engine: Engine) -> None:
    for name in ("a", "b", "a"):
        heard = Heard()
        with engine.follow([name], heard):
            store(engine, name, state="STARTED")
            heard.wait(name, state="STARTED")
        engine.forget([name])


def test_two_follow_one_task(engine: Engine) -> None:
    first, second = Heard(), Heard()
    store(engine, "id", state="STARTED")
    with engine.follow(["id"], first):
        first.wait("id", state="STARTED")
        with engine.follow(["id"], second):
            second.wait("id", state="STARTED")
        store(engine, "id")
        first.wait("id")


def test_thousands_are_followed(engine: Engine) -> None:
    names = [f"id{number}" for number in range(3000)]
    heard = Heard()
    store(engine, *names[:10])
    engine.enqueue([message(name) for name in names[10:]])
    claims = engine.claim("w1", ["default"], 3000).claims

    with engine.follow(names, heard):
        engine.commit("w1", [completion(claim) for claim in claims])
        heard.wait(*names)


def test_following_nothing_is_possible(engine: Engine) -> None:
    with engine.follow([], Heard()):
        pass


def test_an_id_given_twice_is_followed_once(engine: Engine) -> None:
    heard, states = Heard(), map("STEP{}".format, itertools.count())

    def calls_of_next_state() -> tuple[int, int]:
        state = next(states)
        store(engine, "id", "once", state=state)
        heard.wait("id", "once", state=state)
        calls = Counter(heard.documents)
        id, once = ((name, document(name, state).encode()) for name in ("id", "once"))
        return calls[id], calls[once]

    with engine.follow(["id", "once", "id"], heard):
        # What is stored while it begins to follow may be read, and delivered, too.
        until(lambda: calls_of_next_state() == (1, 1), "one call for each")


def test_a_callback_that_fails_harms_no_other(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()

    def fail(task_id: str, stored: bytes) -> None:
        raise RuntimeError("broken callback")

    with engine.follow(["id"], fail), engine.follow(["id"], heard):
        store(engine, "id")
        heard.wait("id")

    assert "broken callback" in caplog.text


def test_many_threads_follow_and_leave(engine: Engine) -> None:
    failures: list[BaseException] = []

    def follow(worker: int) -> None:
        try:
            for number in range(20):
                heard, name = Heard(), f"id{worker}-{number}"
                with engine.follow([name], heard):
                    store(engine, name)
                    heard.wait(name)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=follow, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
