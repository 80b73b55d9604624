"""Tests of the shop: `python manage.py test`."""

from __future__ import annotations

from datetime import timedelta

from django.core import mail
from django.utils import timezone

from orders.models import Order, Product
from orders.tasks import remove_abandoned_orders, reserve_stock, send_confirmation
from taskhub.contrib.django.testing import TaskhubTestCase


class OrderTests(TaskhubTestCase):
    """From the order to the e-mail."""

    def place(self, **more: str) -> int:
        """Place an order of tea."""
        given = {"product": "tea", "email": "ann@example.com", **more}
        return int(self.client.post("/orders/", given).json()["order"])

    def test_an_order_is_reserved_and_confirmed(self) -> None:
        number = self.place(quantity="2")
        # Nothing leaves before the transaction is committed.
        self.assertNotEnqueued(reserve_stock)
        self.commit()
        self.assertEnqueued(reserve_stock, args=[number], count=1)
        self.run_tasks()
        self.assertEqual(Order.objects.get().status, "reserved")
        self.assertEqual(Product.objects.get(name="tea").stock, 98)
        self.assertEqual([each.to for each in mail.outbox], [["ann@example.com"]])

    def test_what_is_sold_out_is_tried_again(self) -> None:
        self.place(product="coffee")
        self.run_tasks()
        self.assertEqual(Order.objects.get().status, "placed")
        Product.objects.filter(name="coffee").update(stock=1)
        self.run_tasks(delayed=True)
        self.assertEqual(Order.objects.get().status, "reserved")
        self.assertEnqueued(send_confirmation, count=1)

    def test_a_request_that_fails_sends_nothing(self) -> None:
        with self.assertRaises(ValueError):
            self.place(card="declined")
        self.assertEqual(self.run_tasks(), [])
        self.assertFalse(Order.objects.exists())

    def test_old_orders_are_given_up(self) -> None:
        number = self.place(product="coffee")
        Order.objects.update(placed_at=timezone.now() - timedelta(days=40))
        remove_abandoned_orders.delay()
        (run,) = [each for each in self.run_tasks() if "abandoned" in each.name]
        self.assertEqual(run.value, 1)
        self.assertEqual(Order.objects.get(pk=number).status, "abandoned")
