"""The audit finds what it is there to find: each way of losing or doubling, put into a record on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import audit, ledger, workload
from tests.chaos.ledger import (
    Dead,
    Kept,
    Marked,
    Note,
    Published,
    PutBack,
    Removed,
    Stored,
    Write,
)
from tests.chaos.model import Failure, expected, value_of
from tests.chaos.workload import Call, Chain, Chord, Group

FIRST, SECOND = Call("a", workload.RETRIES, 1), Call("b")
END = expected(Chain((FIRST, SECOND)))

A0, A1 = Published("1", "1", "step", "a", 0), Published("1", "1", "step", "a", 1)
B0 = Published("2", "2", "step", "b", 0)
GOOD: list[Write] = [
    *(A0, Removed("1"), Stored("1", "RETRY"), A1),
    *(Removed("1"), Stored("1", "SUCCESS"), B0, Removed("2"), Stored("2", "SUCCESS")),
]


def note(word: str, label: str, retries: int = 0, delivery: int = 1, task_id: str = "") -> Note:
    task_id = task_id or {"a": "1", "b": "2"}[label]
    return Note(word, 0.0, 1, label, task_id, task_id, retries, delivery)


RAN = [
    *(note("begin", "a"), note("begin", "a", delivery=2), note("end", "a", delivery=2)),
    *(note("begin", "a", 1), note("end", "a", 1), note("begin", "b"), note("end", "b")),
]


def test_a_good_record_has_no_problems() -> None:
    assert list(audit.wrong_publications([END], GOOD)) == []
    assert list(audit.wrong_endings(GOOD)) == []
    assert list(audit.wrong_runs([END], RAN)) == []


@pytest.mark.parametrize(
    ("writes", "problem"),
    [
        (GOOD[:6], "try 0 of b was never published (1 missing)"),
        ([*GOOD, B0], "try 0 of b was published 1 times too often"),
        ([*GOOD, B0._replace(key="3", task_id="3")], "try 0 of b was published 1 times too often"),
        ([*GOOD, A0._replace(label="c")], "try 0 of c was published 1 times too often"),
        (
            [*GOOD, *2 * [Published("4", "4", "celery.accumulate", "", 0)]],
            "the library's own call 4 was published 2 times",
        ),
    ],
)
def test_publications(writes: list[Write], problem: str) -> None:
    assert list(audit.wrong_publications([END], writes)) == [problem]


@pytest.mark.parametrize(
    ("writes", "problem"),
    [
        (GOOD[:7], ["message '2' never ended", "task 2 got no final result"]),
        ([*GOOD[:-1]], ["task 2 got no final result"]),
        ([*GOOD, GOOD[-1]], ["task 2 got 2 final results"]),
        ([*GOOD, Removed("2")], ["message '2' ended twice"]),
        ([GOOD[0], *GOOD], ["message '1' was stored while it was stored"]),
        ([*GOOD, PutBack("2")], ["message '2' was put back after it had ended"]),
    ],
)
def test_endings(writes: list[Write], problem: list[str]) -> None:
    assert list(audit.wrong_endings(writes)) == problem


@pytest.mark.parametrize(
    ("notes", "problem"),
    [
        (RAN[:5], "try 0 of b never ran"),
        (RAN[:6], "try 0 of b ended in no run"),
        ([*RAN, note("begin", "b")], "delivery 1 of try 0 of b ran 2 times"),
        ([*RAN, note("begin", "b", delivery=2, task_id="5")], "b ran under 2 ids"),
    ],
)
def test_runs(notes: list[Note], problem: str) -> None:
    assert list(audit.wrong_runs([END], notes)) == [problem]


def test_a_message_that_was_put_back_may_run_again() -> None:
    writes = [*GOOD[:7], PutBack("2"), *GOOD[7:]]
    assert list(audit.wrong_endings(writes)) == []
    assert list(audit.wrong_runs([END], [*RAN, note("begin", "b")], writes)) == []


def test_a_body_whose_header_failed_must_not_run() -> None:
    end = expected(Chord((Call("a", workload.FAILS), Call("x")), Call("b")))
    assert "try 0 of b ran" in set(audit.wrong_runs([end], RAN))


FAILED_END = expected(Call("a", workload.EXHAUSTS, 1))
FAILED: list[Write] = [
    *(A0, Removed("1"), Stored("1", "RETRY"), A1),
    # With it a link fails that was never published.
    *(Removed("1"), Stored("1", "FAILURE"), Stored("9", "FAILURE"), Kept("1", "1", "a", 1)),
]


@pytest.mark.parametrize(
    ("writes", "problem"),
    [
        (FAILED, []),
        (FAILED[:-1], ["the message of failed task 1 was not kept"]),
        ([*FAILED, FAILED[-1]], ["the message of failed task 1 was kept 2 times"]),
        ([*FAILED[:-1], Dead("1", "a", 1, "{}")], []),
        (
            [*FAILED, Dead("1", "a", 1, "{}")],
            ["the message of task 1 was kept, which did not fail, or is a dead letter"],
        ),
        (
            [*GOOD, Kept("2", "2", "b", 0)],
            ["the message of task 2 was kept, which did not fail, or is a dead letter"],
        ),
        (
            [*FAILED[:-1], Kept("1", "1", "a", 0)],
            [f"of failed task 1 another message was kept: {Kept('1', '1', 'a', 0)}, not {A1}"],
        ),
    ],
)
def test_messages_of_failed_tasks(writes: list[Write], problem: list[str]) -> None:
    assert list(audit.wrong_kept(writes)) == problem


KEPT = [Kept("1", "1", "a", 1)]
REPLAYED: list[Write] = [A1, Removed("1"), Stored("1", "FAILURE"), *KEPT]
RESCUE = Published("5", "5", "rescue", "r", 0)


@pytest.mark.parametrize(
    ("notes", "writes", "problem"),
    [
        ([note("begin", "a", 1)], [*REPLAYED, RESCUE], []),
        ([], REPLAYED, ["retried message '1' of a ran 0 times"]),
        (2 * [note("begin", "a", 1)], REPLAYED, ["retried message '1' of a ran 2 times"]),
        (
            [note("begin", "a", 1)],
            [A1, *REPLAYED],
            ["retried message '1' of a was published 2 times"],
        ),
        (
            [note("begin", "a", 1)],
            [*REPLAYED, B0],
            ["('2', 'b', 0) was published when failed tasks were retried"],
        ),
        (
            [note("begin", "a", 1)],
            REPLAYED[:2],
            [
                "retried message '1' of a failed 0 times",
                "after a retry of 1 messages 0 were kept, not the same",
            ],
        ),
    ],
)
def test_replays(notes: list[Note], writes: list[Write], problem: list[str]) -> None:
    assert list(audit.wrong_replays(KEPT, [FAILED_END], notes, writes)) == problem


def test_a_body_whose_header_failed_does_not_run_when_it_is_retried() -> None:
    end = expected(Chord((Call("x", workload.FAILS), Call("y")), Call("a")))
    kept = [Kept("1", "1", "a", 1)]
    assert list(audit.wrong_replays(kept, [end], [], REPLAYED)) == []
    assert list(audit.wrong_replays(kept, [end], [note("begin", "a", 1)], REPLAYED)) == [
        "retried message '1' of a ran 1 times"
    ]


@pytest.mark.parametrize(
    ("wanted", "got", "is_wrong"),
    [
        ("value", "value", False),
        ("value", "other", True),
        ("value", ValueError("a"), True),
        (Failure(frozenset({"ValueError"}), frozenset({"a"})), ValueError("a"), False),
        (Failure(frozenset({"ValueError"}), frozenset({"a"})), ValueError("ab"), True),
        (Failure(frozenset({"ValueError"}), frozenset({"a"})), TimeoutError("a"), True),
        (Failure(frozenset({"ValueError"}), frozenset({"a"})), "value", True),
    ],
)
def test_results(wanted: object, got: object, is_wrong: bool) -> None:
    assert (audit.wrong_result(wanted, got) is not None) == is_wrong


def test_the_model_follows_values_through_a_canvas() -> None:
    canvas = Chain((Call("a"), Group((Call("b"), Call("c")))))
    first = value_of("a", ())
    assert expected(canvas).result == [value_of("b", [first]), value_of("c", [first])]
    chord = Chord((Call("b"), Call("c")), Call("d"))
    values = [value_of("b", ()), value_of("c", ())]
    assert expected(chord).result == value_of("d", [values])


def command(*words: str) -> bytes:
    """Return a command as it stands in an append-only file."""
    parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    return f"*{len(words)}\r\n{parts}".encode()


MESSAGES, CLAIMS, RESULT = "{chaos}:messages", "{chaos}:claims:w1", "celery-task-meta-1"
RECORD = 'work\n5\n1\n{"actor_name":"step","kwargs":{"label":"a"},"options":{}}'
OTHER = RECORD.replace('"a"', '"b"')
ENDED = '{"task_id": "1", "status": "SUCCESS"}'


def written(directory: Path, *commands: tuple[str, ...]) -> list[Write]:
    """Return what an append-only file of these commands tells."""
    (directory / "appendonlydir").mkdir()
    text = b"".join(command(*words) for words in commands)
    (directory / "appendonlydir" / "appendonly.aof.1.incr.aof").write_bytes(text)
    return list(ledger.read_writes(directory, "chaos"))


def test_the_append_only_file_tells_what_was_put_back_from_what_was_published_again(
    tmp_path: Path,
) -> None:
    found = written(
        tmp_path,
        ("HSET", MESSAGES, "1", RECORD),
        *(("MULTI",), ("HDEL", MESSAGES, "1"), ("HDEL", CLAIMS, "1")),
        *(("HSETNX", MESSAGES, "1", RECORD), ("EXEC",)),
        *(("MULTI",), ("HSETNX", MESSAGES, "1", OTHER), ("HDEL", CLAIMS, "1"), ("EXEC",)),
        ("HDEL", MESSAGES, "1"),
        ("HSET", MESSAGES, "1", OTHER),
    )
    a, b = Published("1", "1", "step", "a", 0), Published("1", "1", "step", "b", 0)
    assert found == [a, PutBack("1"), Removed("1"), b, Removed("1"), b]


def test_the_append_only_file_tells_which_messages_were_kept(tmp_path: Path) -> None:
    failed = "{chaos}:failed:messages"
    found = written(
        tmp_path,
        *(("MULTI",), ("HSET", failed, "1", f"{{}}\n{RECORD}"), ("HDEL", failed, "1"), ("EXEC",)),
        ("SET", f"{ledger.MARK}later", "1"),
        *(("MULTI",), ("HSET", failed, "1", f"{{}}\n{RECORD}"), ("EXEC",)),
        ("HDEL", failed, "1"),
    )
    assert found == [Marked("later"), Kept("1", "1", "a", 0)]


def test_what_a_script_has_undone_was_not_written(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        ("HSET", MESSAGES, "1", RECORD),
        *(("MULTI",), ("HSETNX", MESSAGES, "2", OTHER), ("SET", RESULT, ENDED)),
        *(("HDEL", CLAIMS, "1"), ("HSET", "{chaos}:dead:messages", "1", f"{{}}\n{RECORD}")),
        *(("HDEL", "{chaos}:dead:messages", "1"), ("HSET", CLAIMS, "1", "1:1")),
        *(("DEL", RESULT), ("HDEL", MESSAGES, "2"), ("EXEC",)),
        *(("MULTI",), ("HSET", MESSAGES, "\0none", "1"), ("HDEL", MESSAGES, "\0none")),
        *(("SET", "celery-task-meta-\0none", "1"), ("EXEC",)),
        *(("MULTI",), ("SET", RESULT, ENDED), ("SET", RESULT, "{}", "KEEPTTL"), ("EXEC",)),
        *(("MULTI",), ("SET", RESULT, ENDED), ("HDEL", MESSAGES, "1")),
        *(("HSET", "{chaos}:dead:messages", "1", f'{{"reason":"x"}}\n{RECORD}'), ("EXEC",)),
    )
    assert found == [
        *(Published("1", "1", "step", "a", 0), Removed("1"), Stored("1", "SUCCESS")),
        Dead("1", "a", 0, '{"reason":"x"}'),
    ]
