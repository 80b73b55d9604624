"""Answers of processes become replies of nodes."""

from __future__ import annotations

from typing import Any

from taskhub.control.aggregation import ReplyAggregator
from taskhub.worker.control.messages import Answer
from taskhub.worker.leases.worker_info import WorkerInfo


def worker_info(node: str) -> WorkerInfo:
    """Return the worker info of a process of a node."""
    return WorkerInfo(node=node, host="h", process=1, parent=1, queues=(), threads=1, started=0.0)


def answer(worker: str, node: str, value: Any, group: str = "h:1") -> Answer:
    """Return what a process replies."""
    return Answer(worker, node, group, value)


def test_a_node_is_told_of_when_its_last_process_has_answered() -> None:
    aggregator = ReplyAggregator(
        "active", {"w1": worker_info("a"), "w2": worker_info("a"), "w3": worker_info("b")}
    )

    assert aggregator.add(answer("w2", "a", [2])) == []
    assert aggregator.add(answer("w3", "b", [3])) == [{"b": [3]}]
    assert not aggregator.is_complete
    # In the order of the processes, not of their answers.
    assert aggregator.add(answer("w1", "a", [1])) == [{"a": [1, 2]}]
    assert aggregator.is_complete
    assert aggregator.incomplete() == []


def test_what_came_in_time_counts() -> None:
    aggregator = ReplyAggregator(
        "active", {"w1": worker_info("a"), "w2": worker_info("a"), "w3": worker_info("b")}
    )
    aggregator.add(answer("w2", "a", [2]))

    assert aggregator.incomplete() == [{"a": [2]}]
    assert aggregator.incomplete() == []


def test_a_process_that_nobody_knew_of_counts() -> None:
    aggregator = ReplyAggregator("ping", {})

    assert aggregator.is_complete
    assert aggregator.add(answer("w1", "a", 1)) == [{"a": 1}]


def test_a_process_that_has_ended_is_not_waited_for() -> None:
    aggregator = ReplyAggregator(
        "active", {"w1": worker_info("a"), "w2": worker_info("a"), "w3": worker_info("b")}
    )
    aggregator.add(answer("w2", "a", [2]))
    assert aggregator.missing == {"w1", "w3"}

    assert aggregator.forget({"w1", "w3"}) == [{"a": [2]}]
    assert aggregator.is_complete
    assert aggregator.incomplete() == []


def test_an_answer_that_comes_twice_counts_once() -> None:
    aggregator = ReplyAggregator("active", {"w1": worker_info("a"), "w2": worker_info("a")})
    aggregator.add(answer("w1", "a", [1]))
    aggregator.add(answer("w1", "a", [1]))

    assert aggregator.incomplete() == [{"a": [1]}]


def test_workers_that_share_a_name_are_noticed() -> None:
    aggregator = ReplyAggregator(
        "ping", {"w1": worker_info("a"), "w2": worker_info("a"), "w3": worker_info("b")}
    )
    aggregator.add(answer("w1", "a", 1, "h:1"))
    assert aggregator.shared_names == []
    aggregator.add(answer("w2", "a", 1, "h:2"))
    aggregator.add(answer("w3", "b", 1, "h:2"))

    assert aggregator.shared_names == ["a"]
