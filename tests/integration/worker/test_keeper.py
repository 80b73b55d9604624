"""The keeper and the processes that it watches."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.rules import EngineRules
from taskhub.message import Envelope
from taskhub.worker.keeper import GOODBYE, KEPT, Keeper, Registration
from tests.support.servers import Server
from tests.support.workers import until


@pytest.fixture
def engine(server: Server, tmp_path: Path) -> Iterator[RedisEngine]:
    rules = EngineRules(namespace=tmp_path.name)
    made = RedisEngine(parse_store_url(server.url), rules=rules)
    made.enqueue([Envelope("task", "default", 5, b"{}")])
    made.renew(["w1"], 60_000)
    assert len(made.claim("w1", ["default"], 1).claims) == 1
    yield made
    made.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(Path(os.path.relpath(tmp_path / "keeper.sock")))
    yield made
    made.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a worker's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def register(
    keeper: Keeper, engine: RedisEngine, process: subprocess.Popen[bytes]
) -> socket.socket:
    """Say what a worker process says."""
    store = {"url": asdict(engine.broker_url), "options": {}}
    registration = Registration("w1", process.pid, store, store, asdict(engine.rules))
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(os.fspath(keeper.address))
    connection.sendall(registration.to_json().encode() + b"\n")
    return connection


def test_a_process_that_dies_gives_back_what_it_held(
    keeper: Keeper, engine: RedisEngine, process: subprocess.Popen[bytes]
) -> None:
    with register(keeper, engine, process) as connection:
        until(lambda: keeper.watch(0.1) or keeper.keeps, "the registration")
        assert connection.recv(16) == KEPT
        # Its connection may end before it does: only the end of the process counts.
        connection.close()
        keeper.watch(0.1)
        assert engine.held("w1")
        process.kill()
        until(lambda: keeper.watch(0.1) or not keeper.keeps, "the end of the process to be seen")
    assert engine.held("w1") == {}
    assert engine.queues()["default"].ready == 1
    assert engine.workers() == {}


@pytest.mark.parametrize("reaped", [False, True])
def test_a_process_that_died_while_it_registered_gives_back_what_it_held(
    keeper: Keeper, engine: RedisEngine, process: subprocess.Popen[bytes], reaped: bool
) -> None:
    register(keeper, engine, process).close()
    process.kill()
    if reaped:
        process.wait()
    until(lambda: keeper.watch(0.1) or not engine.held("w1"), "the messages to go back")
    until(lambda: keeper.watch(0.1) or not keeper.keeps, "the keeper to forget the process")
    assert engine.queues()["default"].ready == 1


def test_a_process_that_says_good_bye_is_not_watched_any_more(
    keeper: Keeper, engine: RedisEngine, process: subprocess.Popen[bytes]
) -> None:
    with register(keeper, engine, process) as connection:
        until(lambda: keeper.watch(0.1) or keeper.keeps, "the registration")
        connection.sendall(GOODBYE)
        until(lambda: keeper.watch(0.1) or not keeper.keeps, "the good-bye")
        process.kill()
        process.wait()
        keeper.watch(0.1)
    # What it held is its own to give back.
    assert engine.held("w1")


def test_what_is_no_registration_is_ignored(keeper: Keeper) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(keeper.address))
        connection.sendall(b'{"odd": 1}\n')
        keeper.watch(1.0)
    assert not keeper.keeps
