"""Checked by mypy and pyright, never run: what the public face tells type checkers."""

from __future__ import annotations

from typing import Any, assert_type

from taskhub import AsyncResult, Celery, Task, TaskHub, current_app, shared_task

app = Celery("typed", broker="memory://", task_serializer="json")


@app.task
def add(x: int, y: int = 0) -> int:
    return x + y


@app.task(name="named", max_retries=5)
def named(text: str) -> list[str]:
    return [text]


@app.task(bind=True, name="bound")
def bound(self: Task[..., Any], x: int) -> str:
    assert_type(self.request.retries, int)
    if self.request.retries < 3:
        raise self.retry(countdown=1)
    return str(x)


@shared_task
def shared(x: float) -> float:
    return x


@shared_task(bind=True)
def shared_bound(self: Task[..., Any], x: int) -> bytes:
    return bytes(x)


@app.task
async def fetch(url: str) -> bytes:
    return url.encode()


@app.task(name="fetch.bound", bind=True, max_retries=None)
async def fetch_bound(self: Task[..., Any], url: str) -> bytes:
    return url.encode()


@shared_task(name="fetch.shared")
async def fetch_shared(url: str) -> bytes:
    return url.encode()


@shared_task
async def fetch_shared_plainly(url: str) -> bytes:
    return url.encode()


class Adding(Task[[int, int], int]):
    name = "adding"
    max_retries = None
    rate_limit = "10/m"

    def run(self, x: int, y: int) -> int:
        return x + y


def calls() -> None:
    assert_type(add.delay(1, y=2), AsyncResult[int])
    assert_type(add.delay(1).get(timeout=3), int)
    assert_type(add(1, 2), int)
    assert_type(add.apply_async((1,), countdown=3).get(), int)
    assert_type(add.apply((1,)).get(), int)
    assert_type(named.delay("a").get(), list[str])
    assert_type(bound.delay(1).get(), str)
    assert_type(bound(1), str)
    assert_type(shared.delay(1.5).get(), float)
    assert_type(shared_bound.delay(1).get(), bytes)
    assert_type(fetch.delay("url"), AsyncResult[bytes])
    assert_type(fetch.apply_async(("url",)).get(), bytes)
    assert_type(fetch.apply(("url",)).get(), bytes)
    assert_type(fetch_bound.delay("url").get(), bytes)
    assert_type(fetch_shared.delay("url").get(), bytes)
    assert_type(fetch_shared_plainly.delay(url="url").get(), bytes)
    assert_type(add.name, str)
    assert_type(add.AsyncResult("id"), AsyncResult[int])
    assert_type(Adding().delay(1, 2).get(), int)
    assert_type(current_app.conf.task_serializer, Any)
    assert_type(TaskHub("same").main, str | None)


async def calls_in_coroutines() -> None:
    assert_type(await add.adelay(1, y=2), AsyncResult[int])
    assert_type(await (await add.adelay(1)).aget(), int)
    assert_type(await fetch("url"), bytes)
    assert_type(await fetch_bound("url"), bytes)
    assert_type(await fetch.adelay("url"), AsyncResult[bytes])
    assert_type(await (await fetch_shared.adelay("url")).aget(), bytes)


def refused() -> None:
    add.delay("1")  # type: ignore[arg-type]
    add.delay()  # type: ignore[call-arg]
    add.delay(1, 2, 3)  # type: ignore[call-arg]
    add.delay(1, z=2)  # type: ignore[call-arg]
    named.delay(1)  # type: ignore[arg-type]
    bound.delay("1")  # type: ignore[arg-type]
    bound.delay(None, 1)  # type: ignore[call-arg, arg-type]
    shared.delay("1")  # type: ignore[arg-type]
    add("1")  # type: ignore[arg-type]
    fetch.delay(1)  # type: ignore[arg-type]
    fetch_bound.delay()  # type: ignore[call-arg]
    wrong: str = add.delay(1).get()  # type: ignore[assignment]
    assert_type(wrong, str)
