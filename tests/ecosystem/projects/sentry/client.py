"""Calls each task, alone and in a group, inside of a transaction."""

import sentry_sdk
from shop import app, fails, fails_in_call, fails_in_coroutine, tries_again, works

from celery import group

with sentry_sdk.start_transaction(name="client"):
    for task in (works.s(1), fails.s(), fails_in_call.s(), fails_in_coroutine.s(), tries_again.s()):
        task.delay().get(timeout=60, propagate=False)
    group(works.s(2), works.s(3))().get(timeout=60)
app.schedule.run("nightly").get(timeout=60)
sentry_sdk.flush()
