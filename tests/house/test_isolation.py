"""What a test leaves for the next one is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import redis

from tests.support.isolation import Surroundings
from tests.support.servers import start_valkey


def here() -> Surroundings:
    """Return the surroundings of the test that runs now."""
    return Surroundings(os.environ["PYTEST_CURRENT_TEST"].rpartition(" (")[0])


def test_nothing_is_left_by_a_test_that_does_nothing() -> None:
    assert here().left_behind() == []


def test_a_thread_that_goes_on_is_noticed() -> None:
    surroundings, over = here(), threading.Event()
    thread = threading.Thread(target=over.wait, name="late writer")
    thread.start()
    assert surroundings.left_behind() == ["the thread 'late writer' goes on"]
    over.set()
    assert surroundings.wait_for_the_rest() == []


def test_an_orphan_is_noticed() -> None:
    surroundings = here()
    starts = f"import subprocess; subprocess.Popen([{sys.executable!r}, '-c', 'input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.wait(30) == 0
        (told,) = surroundings.left_behind()
        assert "goes on" in told
        assert "input()" in told
    assert surroundings.wait_for_the_rest() == []


def test_keys_that_stay_are_noticed_whatever_their_database(tmp_path: Path) -> None:
    surroundings = here()
    with start_valkey(tmp_path) as server, redis.Redis(port=server.port, db=3) as client:
        assert surroundings.left_behind() == []
        client.rpush("another namespace", "a message")
        (told,) = surroundings.left_behind()
        assert "db3:keys=1" in told
        server.is_shared = True
        assert surroundings.left_behind() == []


def test_a_server_whose_port_another_has_does_not_start(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as first, pytest.raises(RuntimeError, match="does not start"):
        start_valkey(tmp_path, port=first.port)
