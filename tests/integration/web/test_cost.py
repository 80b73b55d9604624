"""What pages and open streams cost the store: commands and round trips, counted, not timed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

from taskhub import Celery
from taskhub.engine.port.claims import Completion
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.history import HistoryRecord
from taskhub.message import Envelope, new_task_id
from taskhub.outcome import HistoryPart, Outcome
from taskhub.statistics.tally import tally, with_error
from taskhub.web import dashboard
from taskhub.web.application import Dashboard
from taskhub.web.http import live
from taskhub.web.queries import ended_tasks, task_search, tasks
from tests.support.servers import Server, start_valkey

QUEUES = 1_000
DELAYED = 3_000
#: Ended tasks: so many with each error.
ENDED, ERRORS = 400, 5
STREAMS = 100
#: So many answers are counted for one page, and for many.
ANSWERS = 6


@pytest.fixture(scope="module")
def full_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A store with 1,000 queues, delayed messages and ended tasks."""
    with start_valkey(tmp_path_factory.mktemp("full")) as running:
        running.is_shared = True
        with Celery("full", broker=running.url, set_as_current=False) as app:
            fill(app)
        yield running


def fill(app: Celery) -> None:
    """Fill the store of an app."""
    now = int(time.time() * 1000)
    ended = [message(app, "ended") for _ in range(ENDED)]
    late = [message(app, f"queue{n % 7}")._replace(eta=now + 10**7 + n) for n in range(DELAYED)]
    ready = [message(app, f"queue{n}") for n in range(QUEUES)]
    app.engine.enqueue(ended)
    for number, claim in enumerate(app.engine.claim("w", ["ended"], ENDED).claims):
        error = f"Error{number % ERRORS}"
        record = HistoryRecord(queue="ended", arguments=f"n={number}", error=error).encode()
        part = HistoryPart("shop.pay", "FAILURE", record)
        outcome = Outcome(
            claim.task_id, "FAILURE", failed=json.dumps({"reason": error}), history=part
        )
        counted = with_error(
            tally("shop.pay", "ended", "failed", 0.1), claim.task_id, f"{error}\ntext"
        )
        assert app.engine.commit("w", [Completion(claim, outcome, counted)]) == [True]
    app.engine.enqueue([*late, *ready])


def message(app: Celery, queue: str) -> Envelope:
    """Return a message as a call makes it."""
    return app.calls.envelope("shop.pay", (), {"user": 1}, new_task_id(), {"queue": queue}, None)


class Page:
    """Calls a dashboard as a browser does, and counts what that costs its store.

    Args:
        board: The dashboard.
        client: A client of its store.
    """

    def __init__(self, board: Dashboard, client: redis.Redis) -> None:
        self.board = board
        self.client = client

    async def get(self, path: str) -> Any:
        """Return an answer of the API; nothing of what was found before is used."""
        self.board.live.forget()
        self.board.board.store.forget_fresh()
        parts: list[bytes] = []

        async def send(part: Any) -> None:
            assert part.get("status", 200) == 200, path
            parts.append(part.get("body", b""))

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        await self.board(scope(path), receive, send)
        return json.loads(b"".join(parts))

    async def watch(self, watches: Sequence[str]) -> None:
        """Read a stream until the task is cancelled."""

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(_part: Any) -> None:
            await asyncio.sleep(0)

        query = "&".join(f"watch={quote(each, safe='')}" for each in watches)
        await self.board(scope(f"stream?{query}"), receive, send)

    def commands(self) -> dict[str, int]:
        """Return how often each command was processed, those inside of scripts, too."""
        return {
            name.removeprefix("cmdstat_"): int(each["calls"])
            for name, each in self.client.info("commandstats").items()
        }


def scope(path: str) -> dict[str, Any]:
    """Return the ASGI scope of a request from this host."""
    name, _, query = path.partition("?")
    return {
        "type": "http", "method": "GET", "scheme": "http", "path": f"/api/v1/{name}",
        "query_string": query.encode(), "root_path": "", "http_version": "1.1",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }  # fmt: skip


@pytest.fixture
def page(full_store: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setenv("TASKHUB_HOME", str(tmp_path))
    # It counts all queues every 15 s beside the pages, and would be counted as one of them.
    monkeypatch.setattr(Dashboard, "_start_sampling", lambda self: None)
    client = redis.Redis.from_url(full_store.url)
    with Celery("full", broker=full_store.url, set_as_current=False) as app:
        yield Page(dashboard(app), client)
    client.close()


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of commands of each round trip to the store."""
    found: list[int] = []
    attempt = ChannelPool.attempt

    def counted(self: ChannelPool, make: Any, retry: Any) -> list[Any]:
        replies = attempt(self, make, retry)
        found.append(len(replies))
        return replies

    monkeypatch.setattr(ChannelPool, "attempt", counted)
    return found


#: Commands of each page beside one for each queue; a round trip has many.
PAGES = {
    "overview?span=1h": 500,
    "overview?span=72h": 500,
    "tasks": 500,
    "tasks?state=failed": 500,
    "tasks?filter=error%3AError3": 500,
    "tasks/groups?filter=state%3Afailed": 500,
    "tasks/ID": 100,
    "tasks/ID/canvas": 200,
    "queues": 100,
    "queues?sort=oldest": 100,
    "queues/queue0": 150,
    "queues/queue0?span=72h": 150,
    "workers": 20,
    "schedule": 20,
    "limits": 20,
    "search?q=pay": 200,
    "search?q=ID": 200,
}
MOST_ROUND_TRIPS = 60


def test_pages_take_few_round_trips_however_many_queues_there_are(
    page: Page, round_trips: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Time is no bound here: all that a page would look at on a slow machine counts.
    for module, names in {
        task_search: ("COUNTING", "PAGING"), tasks: ("SORTING", "GROUPING", "HINTING"),
    }.items():  # fmt: skip
        for name in names:
            monkeypatch.setattr(module, name, 60.0)

    async def look() -> dict[str, tuple[int, int]]:
        task_id = (await page.get("tasks?state=failed"))["items"][0]["id"]
        while page.board.board.store.bins.read_ahead():
            pass
        found = {}
        for path in PAGES:
            round_trips.clear()
            await page.get(path.replace("ID", task_id))
            found[path] = (len(round_trips), sum(round_trips))
        page.board.close()
        return found

    found = asyncio.run(look())
    over = {
        path: counted
        for path, counted in found.items()
        if counted[0] > MOST_ROUND_TRIPS or counted[1] > QUEUES + PAGES[path]
    }
    assert not over, over


def test_a_search_reads_each_ended_task_once(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "GROUPING", 60.0)
    read: list[int] = []
    history = type(page.board.board.store.engine.history)
    reader = history.read

    def counted(self: Any, cursors: Any) -> Any:
        read.append(len(cursors))
        return reader(self, cursors)

    monkeypatch.setattr(history, "read", counted)

    async def look() -> list[Any]:
        answers = [await page.get("tasks/groups?filter=state%3Afailed") for _ in range(3)]
        page.board.close()
        return answers

    answers = asyncio.run(look())
    assert [answer["total"] for answer in answers] == [ENDED] * 3
    assert [len(answer["items"]) for answer in answers] == [ERRORS] * 3
    assert sum(read) == ENDED


def test_what_is_kept_of_ended_tasks_is_bounded(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended_tasks, "MOST_KNOWN", 100)
    monkeypatch.setattr(tasks, "GROUPING", 60.0)

    async def look() -> Any:
        answer = await page.get("tasks/groups?filter=state%3Afailed")
        page.board.close()
        return answer

    assert asyncio.run(look())["total"] == ENDED
    assert len(page.board.board.store.ended._known) <= 100


def test_many_streams_cost_the_commands_of_one(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PERIOD", 0.05)
    monkeypatch.setattr(live, "SHARED", 0.0)
    monkeypatch.setattr(live, "SHARE", 1.0)
    computed: asyncio.Queue[Any] = asyncio.Queue()
    compute = live.Live._compute

    async def counted(self: live.Live, key: Any, call: Any) -> live.Snapshot:
        page.board.board.store.forget_fresh()
        found = await compute(self, key, call)
        computed.put_nowait(key)
        return found

    monkeypatch.setattr(live.Live, "_compute", counted)

    async def cost(streams: int) -> float:
        """Return the commands of the store for one answer while so many streams are open."""
        opened = [asyncio.create_task(page.watch(["overview?span=1h"])) for _ in range(streams)]
        async with asyncio.timeout(120):
            await computed.get()
            before = page.commands()
            for _ in range(ANSWERS):
                await computed.get()
            after = page.commands()
        for each in opened:
            each.cancel()
        await asyncio.gather(*opened, return_exceptions=True)
        while not computed.empty():
            computed.get_nowait()
        return sum(count - before.get(name, 0) for name, count in after.items()) / ANSWERS

    async def look() -> tuple[float, float]:
        found = (await cost(1), await cost(STREAMS))
        page.board.close()
        return found

    one, many = asyncio.run(look())
    # One answer may be under way when counting begins, and another when it ends.
    assert many <= one * (1 + 2 / ANSWERS), (one, many)
