"""Documents are taken in by tasks whose calls are pickled and signed, and each call is noted when it is published."""

import hashlib
import hmac
import logging.config
import os
import pickle
from dataclasses import dataclass, field
from pathlib import Path

from celery import Celery, shared_task
from celery.signals import before_task_publish, task_failure, task_postrun, worker_process_init
from kombu.serialization import register

KEY = b"secret"
NOTES = Path("notes.txt")


def dumps(value):
    data = pickle.dumps(value)
    return hmac.new(KEY, data, hashlib.sha256).digest() + data


def loads(payload):
    if not hmac.compare_digest(hmac.new(KEY, payload[32:], hashlib.sha256).digest(), payload[:32]):
        raise ValueError("the signature is wrong")
    return pickle.loads(payload[32:])


register("signed", dumps, loads, content_type="application/x-signed", content_encoding="binary")

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(name)s|%(levelname)s|%(message)s"}},
        "handlers": {"celery": {"class": "logging.FileHandler", "filename": "celery.log", "formatter": "plain"}},
        "loggers": {"celery": {"handlers": ["celery"], "level": "DEBUG"}},
    }
)


class Settings:
    CELERY_BROKER_URL = CELERY_RESULT_BACKEND = os.environ["REDIS_URL"]
    CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "archive"}
    CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "signed"
    CELERY_ACCEPT_CONTENT = ["application/json", "application/x-signed"]
    CELERY_WORKER_HIJACK_ROOT_LOGGER = False
    CELERY_WORKER_CONCURRENCY = 1
    CELERY_WORKER_MAX_TASKS_PER_CHILD = 1
    CELERY_TASK_TRACK_STARTED = True
    CELERY_CACHE_BACKEND = "default"
    CELERY_BEAT_SCHEDULE_FILENAME = "beat.db"
    # An old name beside the new one, and a setting of the program's own.
    CELERY_TASK_SEND_SENT_EVENT = CELERY_SEND_TASK_SENT_EVENT = True
    CELERY_ARCHIVE_COLOUR = "red"


app = Celery("archive")
app.config_from_object(Settings, namespace="CELERY")


@dataclass
class Document:
    path: Path
    tags: set[str] = field(default_factory=set)


def note(*words):
    with NOTES.open("a") as notes:
        print(*words, file=notes)


@worker_process_init.connect
def begin(**kwargs):
    note("process")


@before_task_publish.connect
def published(sender=None, headers=None, body=None, **kwargs):
    args, kwargs, _ = body
    document = kwargs.get("document", args[0] if args else None)
    if isinstance(document, Document):
        note("published", document.path.name, headers.get("source"), len(headers["id"]))


@task_postrun.connect
def ended(task=None, state=None, retval=None, **kwargs):
    note("ended", task.name, state, retval)


@task_failure.connect
def failed(sender=None, exception=None, einfo=None, **kwargs):
    note("failed", sender.name, type(exception).__name__, "Traceback" in str(einfo))


@shared_task(bind=True)
def consume(self, document, title=None):
    if not document.tags:
        raise LookupError(f"{document.path}: no tags")
    return {"document": document.path.name, "title": title}


@shared_task
def remove(names):
    return f"removed {', '.join(names)}"


@shared_task
def report(request, exc, traceback, name):
    note("reported", name, type(exc).__name__)
