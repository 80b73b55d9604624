"""The app whose calls are kept as data of each version: its settings and its entries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from taskhub import Celery

DATA: Final = Path(__file__).parent / "data"
#: More links than a message carries.
LINKS: Final = 60
#: What was stored years ago must not have expired: kept for 95 years, or forever (0).
CENTURY: Final = 3_000_000_000
LASTING: Final = {
    "dead_letter_expires": CENTURY,
    "history_expires": CENTURY,
    "statistics_expires": CENTURY,
    "result_expires": 0,
    "revocation_expires": 0,
}
#: Set where the data is made: tasks then stop in the middle, or fail.
MAKING: Final = "making_stored_data"


def make_app(settings: dict[str, Any]) -> Celery:
    """Return the app, with its entries."""
    app = Celery("stored", set_as_current=False)
    app.conf.update(LASTING)
    app.conf.update(
        {name: value for name, value in settings.items() if name != MAKING},
        task_default_queue="default",
        task_track_started=True,
        worker_send_task_events=True,
        task_unknown_grace=0.2,
    )
    app.conf.beat_schedule = {
        "each second": {"task": "stored.add", "schedule": timedelta(seconds=1), "args": (1, 1)},
        "paused": {"task": "stored.add", "schedule": timedelta(seconds=1), "args": (2, 2)},
        "queued": {
            "task": "stored.add",
            "schedule": timedelta(seconds=1),
            "args": (3, 3),
            "options": {"queue": "later"},
            "overlap": "queue",
        },
    }
    return app
