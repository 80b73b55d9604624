"""Whoever waits for results goes on waiting, whatever happens to the connection."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator

import pytest

from tests.contract.stage import document, message
from tests.contract.test_documents import Heard, store
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server


def wait_until_followed(server: Server, task_id: str) -> None:
    """Wait until the server knows that this id is followed."""
    import redis

    channel = f"celery-task-meta-{task_id}"
    deadline = time.monotonic() + 20
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        while not client.pubsub_numsub(channel)[0][1]:
            assert time.monotonic() < deadline, "nobody follows"
            time.sleep(0.005)


def test_the_listener_comes_back_after_a_restart(server: Server, make_engine: MakeEngine) -> None:
    engine, heard = make_engine(server.url), Heard()
    with engine.follow(["id", "other"], heard):
        wait_until_followed(server, "id")
        for state in ("STARTED", "PROGRESS", "SUCCESS"):
            server.restart()
            wait_until_followed(server, "id")
            store(engine, "id", state=state)
            heard.wait("id", state=state)


def test_a_listener_asked_while_the_server_is_away_hears_later(
    server: Server, make_engine: MakeEngine
) -> None:
    engine, heard = make_engine(server.url), Heard()
    server.stop()
    with engine.follow(["id"], heard):
        time.sleep(0.05)
        server.start()
        store(engine, "id")
        heard.wait("id")


def test_what_is_stored_while_it_is_away_is_heard(server: Server, make_engine: MakeEngine) -> None:
    engine, heard = make_engine(server.url), Heard()
    with engine.follow(["id"], heard):
        wait_until_followed(server, "id")
        server.restart()
        # By the time that the listener is back this has been published to nobody.
        store(engine, "id")
        heard.wait("id")


def test_it_survives_being_cut_off_again_and_again(server: Server, make_engine: MakeEngine) -> None:
    import redis

    engine, heard = make_engine(server.url), Heard()
    with engine.follow(["id"], heard), redis.Redis(port=server.port) as client:
        for number in range(5):
            wait_until_followed(server, "id")
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            store(engine, "id", state=f"S{number}")
            heard.wait("id", state=f"S{number}")


def test_a_closed_engine_listens_again(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    for number in range(20):
        heard = Heard()
        with engine.follow([f"id{number}"], heard):
            engine.enqueue([message("x")])
            store(engine, f"id{number}")
            heard.wait(f"id{number}")
        engine.close()


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let the next descriptors be beyond 1024, as in a service with many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    while taken[-1] < 1100:
        taken.append(os.dup(taken[0]))
    yield
    for descriptor in taken:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
def test_a_process_with_many_descriptors_hears(server: Server, make_engine: MakeEngine) -> None:
    engine, heard = make_engine(server.url), Heard()
    notifier = engine.notifier(["default"])
    assert not notifier.wait(0.02)
    with engine.follow(["id"], heard):
        store(engine, "id")
        heard.wait("id")
    engine.enqueue([message("id")])

    assert notifier.wait(10)
    notifier.close()
    assert engine.documents(["id"]) == [document("id", "SUCCESS").encode()]
