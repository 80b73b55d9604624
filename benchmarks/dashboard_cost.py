"""How fast the dashboard's API answers, and what open pages cost the store.

    python -m benchmarks.dashboard_cost [--quick] [--server PROGRAM] [--url URL]

The answers are those of the ASGI application, without a web server. Before each, all is forgotten
that the dashboard keeps for less than a minute, so that each is as slow as that of a page which is
opened alone; counts of past minutes, which it reads ahead after its start, have been read. The last
line printed is a JSON object with the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import redis

from benchmarks.dashboard_store import Sizes, dashboard_app, fill_store, queue_name
from benchmarks.server import started
from taskhub.web.application import Dashboard

#: Answers of each page.
SAMPLES: Final = 7
#: Open pages, and for how long they stay open, seconds.
PAGES: Final = 100
OPEN: Final = 20.0
#: What an open page watches.
WATCHED: Final = ("overview?span=1h", "queues")


class Answer(NamedTuple):
    """An answer of the API, and what it took."""

    status: int
    body: bytes
    #: From the request to the end of the answer, and the processor time of both processes.
    seconds: float
    cpu: float
    store_cpu: float


def api_pages(task_id: str) -> dict[str, str]:
    """Return the measured paths of the API, by their names in the report."""
    queue = queue_name(0)
    return {
        "overview_1h": "overview?span=1h",
        "overview_24h": "overview?span=24h",
        "overview_72h": "overview?span=72h",
        "tasks": "tasks",
        "tasks_failed": "tasks?state=failed",
        "tasks_named": "tasks?filter=task:shop.area1.*+since:24h",
        "tasks_argument": "tasks?filter=args.user:17",
        "tasks_error": "tasks?filter=error:Error7",
        "tasks_missing": "tasks?filter=error:NoSuchError",
        "groups": "tasks/groups?filter=state:failed",
        "task": f"tasks/{task_id}",
        "canvas": f"tasks/{task_id}/canvas",
        "queues": "queues",
        "queues_oldest": "queues?sort=oldest",
        "queue": f"queues/{queue}",
        "queue_72h": f"queues/{queue}?span=72h",
        "workers": "workers",
        "schedule": "schedule",
        "limits": "limits",
        "settings": "settings",
        "audit": "audit",
        "search_text": "search?q=task07",
        "search_id": f"search?q={task_id[:8]}",
    }


class DashboardClient:
    """Calls the ASGI application of a dashboard.

    Args:
        board: The application.
        store: A client of its store.
    """

    def __init__(self, board: Dashboard, store: redis.Redis) -> None:
        self._board = board
        self._store = store

    def forget(self) -> None:
        """Forget what the dashboard keeps for less than a minute."""
        self._board.live.forget()
        self._board.board.store.forget_fresh()

    async def get(self, path: str) -> Answer:
        """Return the answer to one request."""
        found: dict[str, Any] = {"status": 0}
        body = bytearray()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                found["status"] = message["status"]
            body.extend(message.get("body", b""))

        store_cpu, cpu, began = store_time(self._store), time.process_time(), time.perf_counter()
        await self._board(_scope(path), receive, send)
        took = time.perf_counter() - began
        cpu = time.process_time() - cpu
        store_cpu = store_time(self._store) - store_cpu
        return Answer(found["status"], bytes(body), took, cpu, store_cpu)

    async def open_pages(self, count: int, seconds: float) -> tuple[float, float]:
        """Keep pages open for a while; return the processor time and commands of the store."""
        opened = [asyncio.create_task(self._watch()) for _ in range(count)]
        # The first answers are the same for one page and for many.
        await asyncio.sleep(seconds / 4)
        before, commands = store_time(self._store), command_count(self._store)
        await asyncio.sleep(seconds)
        used, sent = store_time(self._store) - before, command_count(self._store) - commands
        for each in opened:
            each.cancel()
        await asyncio.gather(*opened, return_exceptions=True)
        return used, sent

    async def _watch(self) -> None:
        query = "&".join(f"watch={quote(each, safe='')}" for each in WATCHED)

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await asyncio.sleep(0)

        await self._board(_scope(f"stream?{query}"), receive, send)


def _scope(path: str) -> dict[str, Any]:
    name, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1/{name}",
        "raw_path": f"/api/v1/{name}".encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"sec-fetch-site", b"same-origin")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }


def store_time(store: redis.Redis) -> float:
    """Return the processor time that the store has used, seconds."""
    usage = store.info("cpu")
    return float(usage["used_cpu_user"]) + float(usage["used_cpu_sys"])


def command_count(store: redis.Redis) -> int:
    """Return how many commands the store has processed."""
    return int(store.info("stats")["total_commands_processed"])


async def measure(board: Dashboard, store: redis.Redis, seconds: float) -> dict[str, float]:
    """Return the figures.

    Args:
        board: The application.
        store: A client of its store.
        seconds: For how long pages are open.
    """
    client = DashboardClient(board, store)
    first = await client.get("overview?span=1h")
    while await board.live.run(board.board.store.bins.read_ahead):
        pass
    answers = await measure_pages(client)
    slowest = max(answers, key=lambda name: median_time(answers[name]))
    print(f"first answer: {first.seconds * 1000:.0f} ms; slowest: {slowest}", file=sys.stderr)
    figures = {name: median_time(found) for name, found in answers.items()}
    figures |= {"first": first.seconds * 1000, "slowest": figures[slowest]}
    # What a store of this size does by itself is no cost of pages.
    idle, _ = await client.open_pages(0, seconds)
    for name, count in (("one", 1), ("many", PAGES)):
        used, commands = await client.open_pages(count, seconds)
        figures[f"store_{name}"] = 100 * max(0.0, used - idle) / seconds
        figures[f"commands_{name}"] = commands / seconds
    board.close()
    return figures


async def measure_pages(client: DashboardClient) -> dict[str, list[Answer]]:
    """Return some answers of each page."""
    task_id = json.loads((await client.get("tasks?state=failed")).body)["items"][3]["id"]
    found: dict[str, list[Answer]] = {}
    for name, path in api_pages(task_id).items():
        found[name] = []
        for _ in range(SAMPLES):
            client.forget()
            answer = await client.get(path)
            assert answer.status == 200, (path, answer.status, answer.body[:300])
            found[name].append(answer)
        times, cpu = median_time(found[name]), statistics.median(each.cpu for each in found[name])
        store = statistics.median(each.store_cpu for each in found[name])
        print(
            f"{path:42} {times:5.0f} ms; processor time {1000 * cpu:4.0f} ms, "
            f"of the store {1000 * store:4.0f} ms",
            file=sys.stderr,
        )
    return found


def median_time(answers: Sequence[Answer]) -> float:
    """Return how long an answer took, ms."""
    return 1000 * statistics.median(each.seconds for each in answers)


def sizes(quick: bool) -> Sizes:
    """Return how much is in the store, a quarter of it when quick."""
    full = Sizes()
    return Sizes(*(size // 4 for size in full)) if quick else full


def main() -> None:
    """Fill a store, measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard_cost")
    parser.add_argument("--quick", action="store_true", help="a quarter of everything")
    parser.add_argument("--server", help="redis-server or valkey-server to measure on")
    parser.add_argument("--url", help="a store that is there and empty, in place of one's own")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = options.url or stack.enter_context(started(options.server)).url
        store = stack.enter_context(redis.Redis.from_url(url))
        app = stack.enter_context(dashboard_app(url))
        began = time.monotonic()
        fill_store(app, store, sizes(options.quick))
        print(f"filled in {time.monotonic() - began:.0f} s", file=sys.stderr)
        figures: Mapping[str, float] = asyncio.run(
            measure(Dashboard(app), store, OPEN / 4 if options.quick else OPEN)
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
