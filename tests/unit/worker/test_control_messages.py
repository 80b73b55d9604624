"""Commands and answers as texts, and which nodes a command is for."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from taskhub.exceptions import DecodeError, EncodeError
from taskhub.worker.control.messages import Answer, Command
from taskhub.worker.control.state import queues_to_report
from taskhub.worker.leases.worker_info import WorkerInfo, read_worker_infos

NODE = "celery@host"


def command(**fields: Any) -> Command:
    """Return a command."""
    return Command(method="ping", sender="me", **fields)


@pytest.mark.parametrize(
    ("fields", "meant"),
    [
        ({}, True),
        ({"destination": ()}, True),
        ({"destination": ("celery@other", NODE)}, True),
        ({"destination": ("celery@other",)}, False),
        ({"pattern": "celery@*"}, True),
        ({"pattern": "other@*"}, False),
        ({"pattern": r"cel\w+@h", "matcher": "pcre"}, True),
        ({"pattern": r"host", "matcher": "pcre"}, False),
        ({"destination": (NODE,), "pattern": "other@*"}, True),
    ],
)
def test_a_command_is_for_some_nodes(fields: dict[str, Any], meant: bool) -> None:
    assert command(**fields).is_for(NODE) is meant


def test_a_command_is_read_back() -> None:
    when = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    sent = command(
        arguments={"ids": ["a"], "when": when},
        destination=("a", "b"),
        reply_to="t",
        expires=5,
        clock=3,
    )

    assert Command.from_text(sent.to_text().encode()) == sent


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"3",
        b'"text"',
        b"{}",
        b'{"method": "ping"}',
        json.dumps({"method": "ping", "sender": ""}).encode(),
        json.dumps({"method": "ping", "sender": "me", "unknown": 1}).encode(),
        *(
            json.dumps({**json.loads(command().to_text()), **change}).encode()
            for change in (
                {"method": 3},
                {"arguments": []},
                {"destination": 3},
                {"pattern": 3},
                {"expires": "soon"},
                {"clock": None},
                {"reply_to": 1},
                {"sender": ""},
            )
        ),
    ],
)
def test_what_is_no_command_is_told(text: bytes) -> None:
    with pytest.raises(DecodeError):
        Command.from_text(text)


def test_fields_of_a_later_version_are_named_or_passed_over() -> None:
    later = {**json.loads(command().to_text()), "only_if": "idle"}
    with pytest.raises(DecodeError, match="unknown fields only_if: a later version of taskhub"):
        Command.from_text(json.dumps(later).encode())
    answer = Answer("w1", NODE, "host:1", {"ok": "pong"})
    text = json.dumps({**json.loads(answer.to_text()), "pid": 7}).encode()
    assert Answer.from_text(text) == answer


def test_an_argument_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(EncodeError, match="arguments"):
        command(arguments={"x": object()}).to_text()


def test_an_answer_is_read_back() -> None:
    sent = Answer("w", NODE, "h:1", {"ok": [1, None]}, 4)

    assert Answer.from_text(sent.to_text().encode()) == sent
    with pytest.raises(DecodeError):
        Answer.from_text(b'{"worker": 1}')


def worker_info(node: str, *queues: str) -> WorkerInfo:
    """Return the worker info of a process."""
    return WorkerInfo(
        node=node, host="h", process=1, parent=2, queues=queues, threads=1, started=0.5
    )


def test_a_worker_info_is_read_back() -> None:
    own = worker_info(NODE, "a", "b")

    assert WorkerInfo.from_text(own.to_text().encode()) == own
    assert own.group == "h:2"


def test_worker_infos_of_other_versions_are_read_or_passed_over() -> None:
    later = {**json.loads(worker_info(NODE).to_text()), "news": 1}
    worker_infos = read_worker_infos(
        {"b": json.dumps(later).encode(), "a": b"{}", "c": b"nonsense", "d": b"[]"}
    )

    assert worker_infos == {"b": worker_info(NODE)}


def test_of_what_lies_in_the_store_one_worker_tells() -> None:
    worker_infos = {
        "w1": worker_info("a", "x", "y"),
        "w2": worker_info("a", "x", "y"),
        "w3": worker_info("b", "y", "z"),
    }

    def told(worker: str, asked: Command) -> set[str]:
        return queues_to_report(worker_infos, asked, worker, worker_infos[worker].queues)

    assert told("w1", command()) == {"x", "y"}
    assert told("w2", command()) == set()
    assert told("w3", command()) == {"z"}
    # Of those that are asked.
    assert told("w3", command(destination=("b",))) == {"y", "z"}
