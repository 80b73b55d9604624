"""`taskhub move` as a process: killed, and what it says of wrong calls."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from taskhub.cli.command_runner import run
from taskhub.engine.port.engine import Engine
from tests.contract.stage import Servers, message
from tests.integration.transfer.stage import contents, open_store

pytestmark = pytest.mark.postgres
MANY = 6000


@pytest.fixture
def stores(servers: Servers) -> Iterator[tuple[Engine, Engine]]:
    """A store on Valkey, and one on PostgreSQL."""
    source, target = open_store(servers, "valkey"), open_store(servers, "postgres")
    yield source, target
    source.close()
    target.close()
    servers.flush()


def sides(servers: Servers, source: Engine, target: Engine) -> list[str]:
    """Return the options of a move from Valkey to PostgreSQL."""
    return [
        *("--from", str(servers.url("valkey")), "--from-namespace", source.rules.namespace),
        *("--to", servers.database.text, "--to-namespace", target.rules.namespace),
    ]


def start(options: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "taskhub", "move", *options],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_killed_it_goes_on_and_moves_each_message_once(
    stores: tuple[Engine, Engine], servers: Servers
) -> None:
    source, target = stores
    options = sides(servers, source, target)
    names = [f"task-{number}" for number in range(MANY)]
    for first in range(0, MANY, 500):
        source.enqueue(
            [message(name, "q", priority=first % 3) for name in names[first : first + 500]]
        )
    source.enqueue([message("later", eta=4_000_000_000_000)])
    before = contents(source)
    running = start(options)
    deadline = time.monotonic() + 30
    while target.queues().get("q", (0,))[0] < MANY // 4:
        assert running.poll() is None
        assert time.monotonic() < deadline
    running.kill()
    running.communicate()

    out, errors = start([*options, "--json"]).communicate(timeout=60)

    moved = json.loads(out)["messages"]
    assert 0 < moved < MANY, errors
    assert contents(target) == before
    assert source.queues() == {}


def test_what_it_says(
    stores: tuple[Engine, Engine], servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = stores
    options = sides(servers, source, target)
    source.enqueue([message("one"), message("two", delay=100_000)])

    def move(*words: str) -> tuple[int, str]:
        code = run(["move", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = move(*options, "--dry-run")
    assert code == 0
    assert "2 messages" in said
    assert source.paused_queues() == {}
    source.renew(["host:1"], 10_000)
    code, said = move(*options)
    assert (code, said.startswith("error: nothing was moved: the worker process host:1")) == (
        1,
        True,
    )
    assert move(*options, "--dry-run")[0] == 1
    source.reclaim("host:1")
    for bad, expected in (
        (("--from", "memory://", *options[2:]), "belongs to one process"),
        (("--from", "amqp://here", *options[2:]), "--from"),
        ((*options[:4], "--to", options[1], "--to-namespace", options[3]), "are the same store"),
        ((*options[:4], "--to", options[5], "--to-namespace", "a'b"), "no name for a schema"),
        (
            (*options[:4], "--to", options[5].partition("?")[0], "--to-namespace", "bare"),
            "has no schema 'bare' of taskhub's: create it",
        ),
        ((*options[:4], "--to", "redis://127.0.0.1:1/0"), "127.0.0.1:1"),
    ):
        code, said = move(*bad)
        assert code > 0
        assert expected in said
        assert said.count("\n") == 1
    assert move(*options)[1] == "moved 2 messages\n"
    assert move(*options)[1] == "moved 0 messages\n"
