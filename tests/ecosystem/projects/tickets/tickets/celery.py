"""The app; each call carries the trace of the one that made it, and the root logger also writes JSON."""

import json
import logging
import os
import threading

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tickets.settings")
local = threading.local()
app = Celery("tickets")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class JsonFormatter(logging.Formatter):
    def format(self, record):
        return json.dumps({"name": record.name, "message": record.getMessage()})


@signals.after_setup_logger.connect
def also_write_json(logger, *args, **kwargs):
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)


@signals.before_task_publish.connect
def carry_trace(sender, body, exchange, routing_key, headers, properties, **kwargs):
    headers["X-Trace"] = " ".join(getattr(local, "trace", []))


@signals.task_received.connect
def tell_trace(sender, request, **kwargs):
    if trace := request._request_dict.get("X-Trace"):
        logging.getLogger(__name__).info("received with trace %s", trace)


@signals.task_prerun.connect
def adopt_trace(sender, task_id, task, **kwargs):
    headers = task.request.headers or {}
    local.trace = [*filter(None, headers.get("X-Trace", "").split(" ")), task_id]


@signals.task_postrun.connect
def forget_trace(**kwargs):
    local.trace = []
