"""One reply of a worker from those of its processes."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.control.aggregation import merge, rule_for

TASK = {"id": "a"}


@pytest.mark.parametrize(
    ("method", "replies", "merged"),
    [
        ("anything", [None], None),
        ("ping", [{"ok": "pong"}, {"ok": "pong"}], {"ok": "pong"}),
        ("active", [[TASK], [], [TASK]], [TASK, TASK]),
        ("registered", [["a", "b"], ["b", "c"]], ["a", "b", "c"]),
        ("active_queues", [[{"name": "a"}], [{"name": "a"}, {"name": "b"}]], [{"name": "a"}, {"name": "b"}]),
        ("query_task", [{}, {"a": ["active", TASK]}], {"a": ["active", TASK]}),
        ("clock", [{"clock": 3}, {"clock": 7}], {"clock": 7}),
        ("hello", [None, None], None),
        ("conf", [{"a": 1}, {"a": 2}], {"a": 1}),
        ("revoke", [{"ok": "tasks {'a', 'b'}"}, {"ok": "tasks {'b', 'a'}"}], {"ok": "tasks {'a', "
                                                                                    "'b'}"}),
        ("terminate", [{"ok": "terminate: tasks unknown"}, {"ok": "terminate: a"}], {"ok": "terminate: "
                                                                                           "a"}),
        ("terminate", [{"ok": "terminate: a"}, {"ok": "terminate: b"}], {"ok": "terminate: a; terminate: "
                                                                               "b"}),
        ("terminate", [{"ok": "terminate: tasks unknown"}] * 2, {"ok": "terminate: tasks unknown"}),
        (
            "revoke_by_stamped_headers",
            [{"ok": "headers {} were not terminated"}, {"ok": "headers {} revoked"}],
            {"ok": "headers {} revoked"},
        ),
    ],
)  # fmt: skip
def test_commands_have_their_rules(method: str, replies: list[Any], merged: Any) -> None:
    assert merge(method, replies) == merged


@pytest.mark.parametrize(
    ("replies", "merged"),
    [
        ([1, 1], 1),
        ([1, 2], 1),
        ([None, 2], 2),
        ([None, None], None),
        (["a", "b", "a"], "a; b"),
        ([[1], [2, 1]], [1, 2, 1]),
        ([{"a": 1, "b": [1]}, {"b": [2], "c": 3}], {"a": 1, "b": [1, 2], "c": 3}),
        ([{"ok": {"x": "1"}}, {"ok": {"x": "2"}}], {"ok": {"x": "1; 2"}}),
        ([1, "a"], 1),
    ],
)
def test_commands_of_ones_own_are_merged_by_shape(replies: list[Any], merged: Any) -> None:
    assert merge("my_own", replies) == merged


def test_what_one_process_could_not_do_has_not_been_done() -> None:
    assert merge("my_own", [{"ok": 1}, {"error": "no"}, {"error": "never"}]) == {"error": "no"}


def test_statistics_are_added_up() -> None:
    def of(process: int, done: dict[str, int]) -> dict[str, Any]:
        return {
            "total": done,
            "pid": 1,
            "clock": str(process),
            "uptime": process,
            "pool": {"max-concurrency": 4, "processes": [process], "threads": {str(process): 4}, "writes": "N/A"},
            "broker": {"port": 6379},
            "prefetch_count": 8,
            "rusage": {"utime": 0.5, "maxrss": 10},
        }  # fmt: skip

    merged = merge("stats", [of(9, {"a": 1, "b": 2}), of(10, {"a": 3})])

    assert merged == {
        "total": {"a": 4, "b": 2},
        "pid": 1,
        "clock": "10",
        "uptime": 10,
        "pool": {"max-concurrency": 8, "processes": [9, 10], "threads": {"9": 4, "10": 4}, "writes": "N/A"},
        "broker": {"port": 6379},
        "prefetch_count": 16,
        "rusage": {"utime": 1.0, "maxrss": 20},
    }  # fmt: skip


def test_revoking_that_terminates_replies_as_terminating() -> None:
    assert rule_for("revoke", {"terminate": True}) == "terminate"
    assert rule_for("revoke", {"terminate": False}) == "revoke"
    assert rule_for("active", {"terminate": True}) == "active"
