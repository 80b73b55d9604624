"""Commands in messages can be typed as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from taskhub.cli.worker import split_names
from taskhub.command_hint import command_hint, remember_option, reset_options, serving_hint


@pytest.fixture(autouse=True)
def options() -> Iterator[None]:
    reset_options()
    remember_option("-A", "shop")
    yield
    reset_options()


@pytest.mark.parametrize("queue", ["mail", "two words", "a'b", 'a"b', "$x", "a;b", "队列"])
def test_a_shell_gives_the_worker_the_queue(queue: str) -> None:
    words = shlex.split(serving_hint(queue).strip("`"))
    assert words[:-1] == ["taskhub", "-A", "shop", "worker", "-Q"]
    assert split_names((words[-1],)) == (queue,)


@pytest.mark.parametrize("queue", ["a,b", " a", "a ", "x" * 100_000])
def test_what_the_option_cannot_give_is_said(queue: str) -> None:
    hint = serving_hint(queue)
    assert hint.startswith(command_hint("worker"))
    assert "task_queues" in hint
    assert len(hint) < 200
