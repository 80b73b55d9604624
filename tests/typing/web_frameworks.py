"""Checked by mypy and pyright, never run: calls of tasks as dependencies keep the tasks' types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, assert_type

from fastapi import FastAPI
from flask import Flask

from taskhub import AsyncResult, Celery, bind_request_id, current_request_id
from taskhub.contrib.fastapi import Enqueue, RequestIdMiddleware, enqueue, lifespan
from taskhub.contrib.flask import FlaskTask, Taskhub, celery_of, mount_dashboard

app = Celery("typed", broker="memory://", task_cls=FlaskTask)


@app.task(name="send")
def send_invoice(order: int, copies: int = 1) -> str:
    return f"{order} x {copies}"


site = FastAPI(lifespan=lifespan(app, lambda host: lifespan(app)(host)))
site.add_middleware(RequestIdMiddleware, header="X-Trace", trust_header=False)


async def endpoint(
    send: Enqueue[[int], str] = enqueue(send_invoice),
    call: Callable[[int, int], Awaitable[AsyncResult[str]]] = enqueue(send_invoice, queue="late"),
    noted: Annotated[Enqueue[[int], str] | None, enqueue(send_invoice)] = None,
) -> None:
    assert_type(await send(7), AsyncResult[str])
    assert_type((await call(7, 2)).get(), str)
    assert_type(await send.with_options(countdown=5)(7), AsyncResult[str])
    await send("7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await send()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def wrong(
    parameters: Enqueue[[str], str] = enqueue(send_invoice),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    result: Enqueue[[int], bytes] = enqueue(send_invoice),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
) -> None: ...


def requests() -> None:
    assert_type(current_request_id(), str | None)
    with bind_request_id("a") as request_id:
        assert_type(request_id, str)
    flask = Flask("site")
    assert_type(Taskhub(celery=app).init_app(flask), Celery)
    assert_type(celery_of(flask), Celery)
    mount_dashboard(flask, "/tasks", title="shop")


def told(self: Any) -> str | None:
    return send_invoice.request.request_id
