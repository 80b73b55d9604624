"""The app: three queues, priorities, and rate limits of tasks and of keys."""

from __future__ import annotations

import time

from taskhub import Celery, Task

app = Celery("mailroom")
app.conf.update(
    # The queues that there are; a call for any other one is refused where it is made.
    task_queues=["urgent", "orders", "bulk"],
    task_create_missing_queues=False,
    task_default_queue="orders",
    # Which task goes where, and how urgent it is, in one place. A call may say otherwise.
    task_routes={
        "mailroom.reset_password": {"queue": "urgent", "priority": 9},
        "mailroom.newsletter": {"queue": "bulk", "priority": 1},
        "mailroom.sms.*": {"queue": "bulk"},
    },
)

#: How many messages each provider accepts: the keys that have a limit of their own.
PROVIDERS = {"north": "10/s", "south": "5/s"}


@app.task
def reset_password(user: str) -> float:
    """Send the link somebody waits for in front of a screen; returns when that began."""
    return time.time()


@app.task
def pack(order: int) -> float:
    """Pack an order; returns when that began."""
    return time.time()


@app.task(rate_limit="20/s")
def newsletter(reader: str) -> float:
    """Send a newsletter, not more than the mail server likes; returns when that began."""
    return time.time()


def _declare_sms(provider: str, rate: str) -> Task[[str], float]:
    @app.task(name=f"mailroom.sms.{provider}", rate_limit=rate)
    def send_sms(number: str) -> float:
        return time.time()

    return send_sms


#: A rate limit belongs to a task, so a key with a limit of its own gets a task of its own.
send_sms = {provider: _declare_sms(provider, rate) for provider, rate in PROVIDERS.items()}
