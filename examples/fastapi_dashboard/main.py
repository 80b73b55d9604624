"""A service that calls tasks, with request ids, and the dashboard of its tasks at /tasks."""

from __future__ import annotations

import logging
from pathlib import Path

from fastapi import FastAPI

from shop import app, send_invoice
from taskhub.contrib.fastapi import (
    Enqueue,
    RequestIdMiddleware,
    answer_unavailable,
    enqueue,
    lifespan,
)
from taskhub.contrib.request_id import RequestIdFilter
from taskhub.exceptions import OperationalError
from taskhub.web import Passwords, dashboard

handler = logging.StreamHandler()
handler.addFilter(RequestIdFilter())
logging.basicConfig(
    level="INFO", handlers=[handler], format="%(levelname)s [%(request_id)s] %(message)s"
)
logger = logging.getLogger("shop")

# `taskhub web password ann --role operator --file users.txt` adds a user.
board = dashboard(app, auth=Passwords(Path(__file__).with_name("users.txt")))

# A server announces its start and end to the host only, which passes them on.
site = FastAPI(lifespan=lifespan(app, lambda _: board.lifetime()))
site.add_middleware(RequestIdMiddleware)
site.add_exception_handler(OperationalError, answer_unavailable)


@site.post("/orders/{order}/invoice", status_code=202)
async def request_invoice(
    order: int, send: Enqueue[[int], str] = enqueue(send_invoice)
) -> dict[str, str]:
    """Send an invoice later."""
    result = await send(order)
    logger.info("the invoice of order %d is task %s", order, result.id)
    return {"task": result.id}


@site.get("/invoices/{task}")
def show_invoice(task: str) -> dict[str, str | None]:
    """Tell whether an invoice was sent."""
    result = app.AsyncResult(task)
    return {"state": result.state, "answer": str(result.result) if result.ready() else None}


site.mount("/tasks", board)
