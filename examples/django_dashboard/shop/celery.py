"""The app; its settings are those of Django that begin with CELERY_."""

from __future__ import annotations

import os

from taskhub import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["shop"])
