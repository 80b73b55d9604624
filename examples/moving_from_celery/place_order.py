"""Place an order under an id, and show what becomes of it."""

import sys

from celery import chord

from bookshop.tasks import charge, price, send_receipt, total

order_id = sys.argv[1]
header = [price.s("Emma", 2), price.s("Ulysses", 1)]
order = chord(header, total.s(discount=5)) | charge.s("Ann") | send_receipt.s()
print(f"{order_id}: {order.apply_async(task_id=order_id).get(timeout=30)}")
