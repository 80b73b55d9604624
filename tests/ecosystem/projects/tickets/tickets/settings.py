"""Settings with queues, routes and priorities as they were written for Celery on Redis."""

import os
from pathlib import Path

from kombu import Queue

BASE = Path(__file__).parent.parent
SECRET_KEY = "only for tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "sales"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE / "tickets.sqlite3",
        "OPTIONS": {"timeout": 30},
    }
}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOW, MIDDLE, HIGH = 9, 5, 0
CELERY_BROKER_URL = os.environ["REDIS_URL"]
CELERY_RESULT_BACKEND = os.environ["REDIS_URL"]
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "priority",
    "sep": ":",
    "priority_steps": [0, 4, 8],
}
CELERY_TASK_DEFAULT_PRIORITY = MIDDLE
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = (
    Queue("default", routing_key="default.#"),
    Queue("background", routing_key="background.#"),
)
CELERY_TASK_ROUTES = (
    [
        ("sales.tasks.note", {"queue": "background"}),
        ("sales.tasks.*", {"queue": "default"}),
    ],
)
