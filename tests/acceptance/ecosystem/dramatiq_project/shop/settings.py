"""Settings of the project."""

import os

import sentry_sdk
from sentry_sdk.integrations.dramatiq import DramatiqIntegration

from shop.reports import FileTransport

# Before the broker is made.
sentry_sdk.init(
    dsn="http://key@localhost/1",
    transport=FileTransport,
    integrations=[DramatiqIntegration()],
    traces_sample_rate=1.0,
)

SECRET_KEY = "of no use"
USE_TZ = True
INSTALLED_APPS = ["django_dramatiq", "shop.orders"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DRAMATIQ_BROKER = {
    "BROKER": "taskhub.dramatiq.broker",
    "OPTIONS": {"url": os.environ["REDIS_URL"]},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Pipelines",
        "dramatiq.middleware.Retries",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
        "django_dramatiq.middleware.AdminMiddleware",
        "shop.middleware.periodic",
        "shop.middleware.abortable",
        "shop.middleware.workflow",
    ],
}
DRAMATIQ_RESULT_BACKEND = {
    "BACKEND": "taskhub.dramatiq.ResultBackend",
    "MIDDLEWARE_OPTIONS": {"result_ttl": 60_000},
}
