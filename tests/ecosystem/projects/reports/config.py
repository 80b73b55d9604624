"""Settings of the framework; Celery's are a class among them."""

import os

from celery.schedules import crontab


class CeleryConfig:
    broker_url = os.environ["REDIS_URL"]
    result_backend = os.environ["REDIS_URL"]
    imports = ("queries",)
    worker_prefetch_multiplier = 1
    task_acks_late = False
    task_annotations = {"queries.run": {"rate_limit": "100/s"}}
    beat_schedule = {
        "reports.scheduler": {
            "task": "reports.scheduler",
            "schedule": crontab(minute="*", hour="*"),
            "options": {"expires": 3600},
        }
    }


CONFIG = {"CELERY_CONFIG": CeleryConfig}
