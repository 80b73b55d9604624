"""A service with the dashboard of its tasks at /tasks."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from shop import app, send_invoice
from taskhub.web import Passwords, dashboard

# `taskhub web password ann --role operator --file users.txt` adds a user.
board = dashboard(app, auth=Passwords(Path(__file__).with_name("users.txt")))

# A server announces its start and end to the host only, which passes them on.
site = FastAPI(lifespan=lambda _: board.lifetime())


@site.post("/orders/{order}/invoice", status_code=202)
def request_invoice(order: int) -> dict[str, str]:
    """Send an invoice later."""
    return {"task": send_invoice.delay(order).id}


site.mount("/tasks", board)
