"""Show what became of an order, whichever library ran it."""

import sys

from bookshop.celery import app

order_id = sys.argv[1]
print(f"{order_id}: {app.AsyncResult(order_id).get(timeout=30)}")
