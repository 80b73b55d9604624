from unittest.mock import patch

import pytest
from proj.app import Product, send_order

from celery.exceptions import Retry


class TestSendOrder:
    @patch("proj.app.Product.order")
    def test_success(self, order):
        send_order("apple", 3)
        order.assert_called_with("apple", 3)

    @patch("proj.app.send_order.retry")
    @patch("proj.app.Product.order")
    def test_failure(self, order, retry):
        retry.side_effect = Retry()
        order.side_effect = error = ValueError()
        with pytest.raises(Retry):
            send_order("apple", 30)
        retry.assert_called_with(exc=error)

    def test_eager(self):
        assert send_order.apply(("apple", 1)).get() == {"name": "apple", "quantity": 1}
