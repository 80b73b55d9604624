"""The tasks. Their bodies run in the site's application context."""

from __future__ import annotations

import logging

from flask import current_app

from taskhub import shared_task

logger = logging.getLogger(__name__)


@shared_task(name="shop.send_invoice")
def send_invoice(order: int) -> str:
    """Send the invoice of an order; some orders have no address yet."""
    if order % 10 == 0:
        raise LookupError(f"order {order} has no address")
    logger.info("sending the invoice of order %d", order)
    return f"invoice of order {order} sent by {current_app.config['SHOP_SENDER']}"
