"""The app and its tasks."""

from __future__ import annotations

import logging

from taskhub import Celery

app = Celery(
    "shop",  # broker="redis://localhost:6379/0"; without one, a development store
    worker_task_log_format="[%(levelname)s] [%(request_id)s] %(task_name)s: %(message)s",
)
logger = logging.getLogger(__name__)


@app.task(name="shop.send_invoice")
def send_invoice(order: int) -> str:
    """Send the invoice of an order; some orders have no address yet."""
    if order % 10 == 0:
        raise LookupError(f"order {order} has no address")
    logger.info("sending the invoice of order %d", order)
    return f"invoice of order {order} sent"
