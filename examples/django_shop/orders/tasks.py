"""The work that orders cause. A task gets the number of an order, and reads the rest itself."""

from __future__ import annotations

from datetime import timedelta

from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from orders.models import Order, Product
from taskhub import shared_task


class SoldOutError(Exception):
    """There is less in stock than is ordered; more may come."""


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def send_confirmation(number: int) -> None:
    """Send the customer an e-mail; an SMTP server that does not answer is asked again."""
    order = Order.objects.select_related("product").get(pk=number)
    send_mail(
        f"Your order {order.pk}",
        f"{order.quantity} x {order.product} will be on its way soon.",
        None,
        [order.email],
    )


@shared_task(autoretry_for=(SoldOutError,), default_retry_delay=2, max_retries=30)
def reserve_stock(number: int) -> str:
    """Reserve what is ordered; while it is sold out, try again later."""
    with transaction.atomic():
        # A task may run twice: what is reserved already stays as it is.
        order = Order.objects.select_for_update().get(pk=number)
        if order.status != Order.Status.PLACED:
            return order.status
        product = Product.objects.select_for_update().get(pk=order.product_id)
        if product.stock < order.quantity:
            raise SoldOutError(f"{product.stock} of {product} left, {order.quantity} ordered")
        product.stock -= order.quantity
        product.save(update_fields=["stock"])
        order.status = Order.Status.RESERVED
        order.save(update_fields=["status"])
        # Sent when this is committed, too.
        send_confirmation.delay(order.pk)
    return order.status


@shared_task
def remove_abandoned_orders(older_than_days: float = 30) -> int:
    """Give up orders that could not be served for long; runs periodically."""
    oldest = timezone.now() - timedelta(days=older_than_days)
    waiting = Order.objects.filter(status=Order.Status.PLACED, placed_at__lt=oldest)
    return waiting.update(status=Order.Status.ABANDONED)
