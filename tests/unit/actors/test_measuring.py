"""Which hosts are asked for their load, and what becomes of those that do not answer."""

from __future__ import annotations

import socket

from taskhub.actors.measurements import _hosts, _one_node_of_each_host
from taskhub.actors.system import Look
from taskhub.worker.leases.worker_info import WorkerInfo
from tests.unit.actors.system.values import HOST


def worker_info(node: str, host: str, *, listens: bool = True) -> WorkerInfo:
    return WorkerInfo(node, host, 1, 1, ("default",), 8, 0.0, listens=listens)


def test_one_node_of_each_other_host_is_asked() -> None:
    here = socket.gethostname()
    worker_infos = [
        worker_info("a@here", here),
        worker_info("deaf@two", "two", listens=False),
        worker_info("a@two", "two"),
        worker_info("b@two", "two"),
        worker_info("deaf@three", "three", listens=False),
    ]
    assert _one_node_of_each_host(worker_infos) == {"two": "a@two"}


def test_hosts_that_cannot_be_measured_are_told_with_the_reason() -> None:
    nodes = {"two": "a@two", "three": "a@three", "four": "a@four", "five": "a@five"}
    replies = {
        "a@two": {**HOST.as_dict(), "name": "two"},
        "a@three": {"error": "Unknown control command 'host_load'"},
        "a@four": {"something": "else"},
    }
    hosts, silent = _hosts(Look(0.1, HOST), Look(0.1, replies), nodes)
    assert [host.name for host in hosts] == ["one", "two"]
    assert set(silent) == {"three", "four", "five"}
    assert silent["three"] == "Unknown control command 'host_load'"
    assert silent["four"].startswith("not the load of a host")
    assert silent["five"] == "a@five did not answer within 5 s"
    here = socket.gethostname()
    hosts, silent = _hosts(Look(9, error="did not answer within 9 s"), Look(1, {}), {})
    assert (hosts, silent) == ([], {here: "did not answer within 9 s"})
    _, silent = _hosts(Look(0.1, HOST), Look(1, error="the store is away"), {"two": "a@two"})
    assert silent == {"two": "the store is away"}
