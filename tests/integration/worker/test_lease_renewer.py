"""The lease renewer and the processes that it watches."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.engine import RedisEngine
from taskhub.message import Envelope
from taskhub.worker.leases.lease_renewer import LeaseRenewer, renew_leases
from taskhub.worker.leases.registration import DEREGISTER, REGISTERED, Registration
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
def lease_renewer(tmp_path: Path) -> Iterator[LeaseRenewer]:
    made = LeaseRenewer(Path(os.path.relpath(tmp_path / "lease_renewer.sock")))
    yield made
    made.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a worker's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def register(
    lease_renewer: LeaseRenewer, engine: RedisEngine, process: subprocess.Popen[bytes]
) -> socket.socket:
    """Say what a worker process says."""
    registration = Registration("w1", process.pid, engine.stores.to_fields())
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(os.fspath(lease_renewer.address))
    connection.sendall(registration.to_json().encode() + b"\n")
    return connection


def test_a_process_that_dies_gives_back_what_it_held(
    lease_renewer: LeaseRenewer, engine: RedisEngine, process: subprocess.Popen[bytes]
) -> None:
    with register(lease_renewer, engine, process) as connection:
        until(
            lambda: lease_renewer.step(0.1) or lease_renewer.has_registrations, "the registration"
        )
        assert connection.recv(len(REGISTERED)) == REGISTERED
        # Its connection may end before it does: only the end of the process counts.
        connection.close()
        lease_renewer.step(0.1)
        assert engine.held("w1")
        process.kill()
        until(
            lambda: lease_renewer.step(0.1) or not lease_renewer.has_registrations,
            "the end of the process to be seen",
        )
    assert engine.held("w1") == {}
    assert engine.queues()["default"].ready == 1
    assert engine.workers() == {}
    assert lease_renewer.losses == (1, 1)


@pytest.mark.parametrize("reaped", [False, True])
def test_a_process_that_died_while_it_registered_gives_back_what_it_held(
    lease_renewer: LeaseRenewer, engine: RedisEngine, process: subprocess.Popen[bytes], reaped: bool
) -> None:
    register(lease_renewer, engine, process).close()
    process.kill()
    if reaped:
        process.wait()
    until(lambda: lease_renewer.step(0.1) or not engine.held("w1"), "the messages to go back")
    until(
        lambda: lease_renewer.step(0.1) or not lease_renewer.has_registrations,
        "the lease renewer to forget the process",
    )
    assert engine.queues()["default"].ready == 1


def test_a_process_that_says_good_bye_is_not_watched_any_more(
    lease_renewer: LeaseRenewer, engine: RedisEngine, process: subprocess.Popen[bytes]
) -> None:
    with register(lease_renewer, engine, process) as connection:
        until(
            lambda: lease_renewer.step(0.1) or lease_renewer.has_registrations, "the registration"
        )
        connection.sendall(DEREGISTER)
        until(
            lambda: lease_renewer.step(0.1) or not lease_renewer.has_registrations, "the good-bye"
        )
        process.kill()
        process.wait()
        lease_renewer.step(0.1)
    # What it held is its own to give back.
    assert engine.held("w1")
    assert lease_renewer.losses == (0, 0)


def test_a_worker_whose_lease_has_expired_is_counted_as_lost(engine: RedisEngine) -> None:
    engine.renew(["w1"], 1)
    found = until(
        lambda: counted if (counted := renew_leases(engine, ["w2"], 60_000)).workers else None,
        "the lease to expire",
    )
    assert found == (1, 1)
    assert renew_leases(engine, ["w2"], 60_000, found) == found


def test_what_is_no_registration_is_ignored(lease_renewer: LeaseRenewer) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(lease_renewer.address))
        connection.sendall(b'{"odd": 1}\n')
        lease_renewer.step(1.0)
    assert not lease_renewer.has_registrations
