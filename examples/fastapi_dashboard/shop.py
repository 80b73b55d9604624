"""The app and its tasks."""

from __future__ import annotations

from taskhub import Celery

app = Celery("shop")  # broker="redis://localhost:6379/0"; without one, a development store


@app.task(name="shop.send_invoice")
def send_invoice(order: int) -> str:
    """Send the invoice of an order; some orders have no address yet."""
    if order % 10 == 0:
        raise LookupError(f"order {order} has no address")
    return f"invoice of order {order} sent"
