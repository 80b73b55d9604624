"""Settings."""

import os

SECRET_KEY = "x"
INSTALLED_APPS = ["django_structlog"]
DJANGO_STRUCTLOG_CELERY_ENABLED = True
CELERY_BROKER_URL = CELERY_RESULT_BACKEND = os.environ["REDIS_URL"]
