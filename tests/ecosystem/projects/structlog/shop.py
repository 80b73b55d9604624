"""A Django site whose tasks log by django-structlog, set up as its documentation says."""

import os

import structlog
from django.conf import settings

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

from django_structlog.celery.steps import DjangoStructLogInitStep

from celery import Celery

structlog.configure(
    processors=[structlog.contextvars.merge_contextvars, structlog.processors.JSONRenderer()],
    logger_factory=structlog.PrintLoggerFactory(),
)
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
assert settings


@app.task
def works(number):
    structlog.get_logger().info("working", number=number)
    return number


@app.task
def fails():
    raise LookupError("no luck")
