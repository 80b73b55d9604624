"""What of the measurements counts as bad, and how it is told."""

from __future__ import annotations

import json

import pytest

from taskhub.actors.system import (
    Disk,
    HostLoad,
    Measurements,
    QueueState,
    SystemStatus,
    Threshold,
    Thresholds,
    assess,
)
from taskhub.command_hint import reset_options
from taskhub.health import Check
from tests.unit.actors.system.values import HOST, WELL, found, host, status


@pytest.fixture(autouse=True)
def plain_commands() -> None:
    """Commands in messages have no options that a command line of another test was given."""
    reset_options()


def test_what_is_well_has_no_problems() -> None:
    assert assess(WELL, Thresholds()) == ()


@pytest.mark.parametrize(
    ("measured", "name", "level", "detail"),
    [
        (
            host(cpu_percent=96.0, load=5.0),
            "cpu:one",
            "warn",
            "CPU of one is 96 % in use, 95 % is too much",
        ),
        (host(cpu_percent=99.0, load=None), "cpu:one", "warn", "CPU of one is 99 % in use"),
        (host(memory_percent=86.5), "memory:one", "warn", "memory of one is 86.5 % in use"),
        (
            host(disks=(Disk("/", 1.0, 1, 1), Disk("/data", 99.0, 1, 100))),
            "disk:one:/data",
            "fail",
            "disk /data of one is 99 % in use, 95 % is too much",
        ),
        (
            found(services={"cache": Check(False, 1.0, "redis://x is down", "start it")}),
            "unreachable:cache",
            "fail",
            "cache: redis://x is down: start it",
        ),
        (
            found(services={"cache": Check(True, 0.7, "answers")}),
            "slow:cache",
            "warn",
            "cache took 700 ms to answer, 500 ms is too long",
        ),
        (
            found(queues=(QueueState("q", 12_000, 0, 1.0, ("a",)),)),
            "queue_length:q",
            "fail",
            "12,000 messages are ready in queue q, 10,000 are too many",
        ),
        (
            found(queues=(QueueState("q", 1, 0, 400.0, ("a",)),)),
            "queue_age:q",
            "warn",
            "the oldest message of queue q has been ready for 6 min 40 s, 5 min is too long",
        ),
        (
            found(queues=(QueueState("q", 1, 0, 1.0),)),
            "unserved:q",
            "warn",
            "no live worker serves queue q, where messages wait: `taskhub worker -Q q`",
        ),
        (found(workers=()), "workers", "fail", "0 worker processes live, fewer than 1"),
        (found(leader=None), "scheduler", "warn", "no scheduler leads"),
        (found(dead_letters=2), "dead_letters", "warn", "2 messages were given up"),
        (found(dead_letters=1000), "dead_letters", "fail", "1,000 messages were given up"),
    ],
)
def test_each_thing_that_is_bad_is_told(
    measured: Measurements, name: str, level: str, detail: str
) -> None:
    (problem,) = assess(measured, Thresholds())
    assert (problem.name, problem.level) == (name, level)
    assert detail in problem.detail


def test_the_worst_comes_first_and_is_the_state() -> None:
    measured = found(leader=None, services={"broker": Check(False, 0.1, "down")})
    problems = assess(measured, Thresholds())
    assert [problem.level for problem in problems] == ["fail", "warn"]
    assert (status(*problems).state, status(*problems[1:]).state, status().state) == (
        "fail",
        "warn",
        "ok",
    )


def test_thresholds_may_say_never() -> None:
    # A moment's work is no trouble.
    assert assess(host(cpu_percent=100.0, load=1.0), Thresholds()) == ()
    never = Threshold(None, None)
    assert assess(host(memory_percent=100.0), Thresholds(memory=never)) == ()
    only_fail = Thresholds(memory=Threshold(None, 50))
    assert [problem.level for problem in assess(host(memory_percent=60.0), only_fail)] == ["fail"]
    low = Threshold(3, 2, low=True)
    assert [low.assess(count) for count in (4, 3, 2, 1)] == ["ok", "ok", "warn", "fail"]


def test_a_status_is_plain_values_of_a_documented_shape() -> None:
    measured = found(
        services={"cache": Check(False, 1.0, "down"), "broker": Check(True, 0.0012, "Valkey")},
        silent={"two": "did not answer within 5 s"},
    )
    told = SystemStatus(
        status().at, "one", 0.51234, measured, assess(measured, Thresholds())
    ).as_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["state"] == "fail"
    assert told["at"] == "2026-11-27T00:00:00+00:00"
    assert told["services"] == {
        "cache": {"state": "fail", "seconds": 1.0, "detail": "down"},
        "broker": {"state": "ok", "seconds": 0.0012, "detail": "Valkey"},
    }
    assert told["problems"] == [
        {"level": "fail", "kind": "unreachable", "subject": "cache", "detail": "cache: down"}
    ]
    assert told["queues"][0] == {
        "name": "default",
        "ready": 3,
        "delayed": 1,
        "oldest": 2.0,
        "served_by": ["celery@one"],
    }
    assert told["scheduler"] == {"name": "one:12", "lease_left": 4.5}
    assert told["silent_hosts"] == {"two": "did not answer within 5 s"}
    assert told["hosts"][0]["disks"][0]["path"] == "/"


def test_a_host_is_read_back_from_what_it_told() -> None:
    assert HostLoad.from_dict(json.loads(json.dumps(HOST.as_dict()))) == HOST
    assert HostLoad.from_dict({**HOST.as_dict(), "of a later version": 1}) == HOST
    for odd in ({}, {**HOST.as_dict(), "disks": [{}]}):
        with pytest.raises(ValueError, match="not the load of a host"):
            HostLoad.from_dict(odd)
