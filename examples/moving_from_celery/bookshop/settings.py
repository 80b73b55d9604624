"""Settings of the app."""

import os

from celery.schedules import crontab

broker_url = os.environ.get("BOOKSHOP_REDIS", "redis://localhost:6379/0")
result_backend = broker_url
broker_transport_options = {"visibility_timeout": 12 * 3600}
task_default_queue = "bookshop"
worker_state_db = "bookshop-state"
beat_schedule = {
    "nightly": {"task": "bookshop.tasks.reorder", "schedule": crontab(hour=3, minute=30)},
}
