"""The pages: ask for an invoice, and see whether it was sent."""

from __future__ import annotations

from flask import Blueprint, current_app

from shop.tasks import send_invoice
from taskhub import AsyncResult

orders = Blueprint("orders", __name__)


@orders.post("/orders/<int:order>/invoice")
def request_invoice(order: int) -> tuple[dict[str, str], int]:
    """Send an invoice later."""
    result = send_invoice.delay(order)
    current_app.logger.info("the invoice of order %d is task %s", order, result.id)
    return {"task": result.id}, 202


@orders.get("/invoices/<task>")
def show_invoice(task: str) -> dict[str, str | None]:
    """Tell whether an invoice was sent."""
    result: AsyncResult[str] = AsyncResult(task)
    return {"state": result.state, "answer": str(result.result) if result.ready() else None}
