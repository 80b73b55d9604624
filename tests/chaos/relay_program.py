"""The app whose outbox the chaos test's relays empty; its settings come by the environment."""

from __future__ import annotations

import os

from taskhub import Celery

app = Celery(
    "relayed",
    broker=os.environ["RELAYED_STORE"],
    set_as_current=False,
    outbox_url=os.environ["RELAYED_DATABASE"],
    outbox_interval=0.02,
    # So that who takes over need not be waited for.
    scheduler_lease=0.4,
)


@app.task(name="note")
def note(writer: int, transaction: int, position: int) -> None:
    """Stand for work; the test reads the messages themselves."""
