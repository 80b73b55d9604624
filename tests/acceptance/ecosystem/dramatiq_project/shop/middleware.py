"""Middleware of libraries, made with what they need."""

import os

from dramatiq.rate_limits.backends import RedisBackend
from dramatiq_abort import Abortable
from dramatiq_abort.backends import RedisBackend as Events
from dramatiq_workflow import WorkflowMiddleware
from periodiq import PeriodiqMiddleware

URL = os.environ["REDIS_URL"]


def periodic():
    """Periodiq's."""
    return PeriodiqMiddleware(skip_delay=30)


def abortable():
    """dramatiq-abort's."""
    return Abortable(backend=Events.from_url(URL))


def workflow():
    """dramatiq-workflow's."""
    return WorkflowMiddleware(RedisBackend(url=URL))
