"""Answers of processes become replies of nodes."""

from __future__ import annotations

from typing import Any

from taskhub.control.gathering import Gathering
from taskhub.worker.card import Card
from taskhub.worker.commands.letter import Answer


def card(node: str) -> Card:
    """Return the card of a process of a node."""
    return Card(node=node, host="h", process=1, parent=1, queues=(), threads=1, started=0.0)


def answer(worker: str, node: str, value: Any, group: str = "h:1") -> Answer:
    """Return what a process replies."""
    return Answer(worker, node, group, value)


def test_a_node_is_told_of_when_its_last_process_has_answered() -> None:
    gathering = Gathering("active", {"w1": card("a"), "w2": card("a"), "w3": card("b")})

    assert gathering.take(answer("w2", "a", [2])) == []
    assert gathering.take(answer("w3", "b", [3])) == [{"b": [3]}]
    assert not gathering.is_complete
    # In the order of the processes, not of their answers.
    assert gathering.take(answer("w1", "a", [1])) == [{"a": [1, 2]}]
    assert gathering.is_complete
    assert gathering.rest() == []


def test_what_came_in_time_counts() -> None:
    gathering = Gathering("active", {"w1": card("a"), "w2": card("a"), "w3": card("b")})
    gathering.take(answer("w2", "a", [2]))

    assert gathering.rest() == [{"a": [2]}]
    assert gathering.rest() == []


def test_a_process_that_nobody_knew_of_counts() -> None:
    gathering = Gathering("ping", {})

    assert gathering.is_complete
    assert gathering.take(answer("w1", "a", 1)) == [{"a": 1}]


def test_a_process_that_has_ended_is_not_waited_for() -> None:
    gathering = Gathering("active", {"w1": card("a"), "w2": card("a"), "w3": card("b")})
    gathering.take(answer("w2", "a", [2]))
    assert gathering.missing == {"w1", "w3"}

    assert gathering.forget({"w1", "w3"}) == [{"a": [2]}]
    assert gathering.is_complete
    assert gathering.rest() == []


def test_an_answer_that_comes_twice_counts_once() -> None:
    gathering = Gathering("active", {"w1": card("a"), "w2": card("a")})
    gathering.take(answer("w1", "a", [1]))
    gathering.take(answer("w1", "a", [1]))

    assert gathering.rest() == [{"a": [1]}]


def test_workers_that_share_a_name_are_noticed() -> None:
    gathering = Gathering("ping", {"w1": card("a"), "w2": card("a"), "w3": card("b")})
    gathering.take(answer("w1", "a", 1, "h:1"))
    assert gathering.shared_names == []
    gathering.take(answer("w2", "a", 1, "h:2"))
    gathering.take(answer("w3", "b", 1, "h:2"))

    assert gathering.shared_names == ["a"]
