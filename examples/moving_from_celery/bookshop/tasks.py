"""Tasks of the bookshop."""

from celery import shared_task
from celery.exceptions import Reject
from celery.utils.log import get_task_logger

logger = get_task_logger(__name__)

PRICES = {"Emma": 9, "Ulysses": 14, "Dracula": 11}


@shared_task
def price(title, copies):
    if title not in PRICES:
        raise Reject(f"there is no book named {title}")
    return PRICES[title] * copies


@shared_task
def total(prices, discount=0):
    return sum(prices) - discount


@shared_task(bind=True, autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=5)
def charge(self, amount, customer):
    if self.request.retries == 0:
        raise ConnectionError("the bank does not answer")
    logger.info("charging %s", customer)
    return f"{customer} paid {amount}"


@shared_task(rate_limit="30/m")
def send_receipt(text):
    return f"sent: {text}"


@shared_task
def reorder():
    return sorted(PRICES)
