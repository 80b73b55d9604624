from celery import shared_task


@shared_task
def total(first, second=0):
    return first + second


@shared_task
def fails():
    raise LookupError("no such order")
