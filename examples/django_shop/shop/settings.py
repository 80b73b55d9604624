"""Settings of the project."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# For trying things on one machine; a site has a secret and hosts of its own.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for trying things on one machine")
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "taskhub.contrib.django",
    "orders",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DJANGO_DATABASE", BASE_DIR / "shop.sqlite3"),
        # Requests and workers write to one file: each waits until the other is done.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
        "ATOMIC_REQUESTS": True,
    }
}
ROOT_URLCONF = "shop.urls"
STATIC_URL = "static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# E-mails are files; a site has an SMTP server.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ.get("SHOP_OUTBOX", BASE_DIR / "outbox")

TASKHUB = {
    # "BROKER_URL": "redis://localhost:6379/0"; without one, a development store
    # The examples share that store.
    "TASK_DEFAULT_QUEUE": "django_shop",
    # Each request is a transaction (ATOMIC_REQUESTS): calls are sent when it is committed.
    "TASK_ENQUEUE_ON_COMMIT": True,
    "BEAT_SCHEDULE": {
        "remove abandoned orders": {
            "task": "orders.tasks.remove_abandoned_orders",
            "schedule": timedelta(seconds=float(os.environ.get("SHOP_CLEAN_EVERY", "3600"))),
        }
    },
}
