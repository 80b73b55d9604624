"""A project without an app of its own; tests add to it by variables."""

import json
import os
from pathlib import Path

import django

BASE = Path(__file__).resolve().parent.parent
SECRET_KEY = "only for tests"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    *([] if django.VERSION >= (6,) else ["django_tasks"]),
    "taskhub.contrib.django",
    "orders",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
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
    name: {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE / f"{name}.sqlite3",
        "OPTIONS": {"timeout": 30},
    }
    for name in ("default", "other")
}
ROOT_URLCONF = "shop.urls"
USE_TZ = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKHUB = {
    "broker_url": os.environ.get("SHOP_BROKER", "memory://"),
    "outbox_url": "django://",
    "task_annotations": {"orders.tasks.sleeps": {"time_limit": 0.3}},
}
TASKS = {
    "default": {
        "BACKEND": "taskhub.contrib.django.TaskhubBackend",
        "QUEUES": ["default", "mail"],
    },
    "on_commit": {
        "BACKEND": "taskhub.contrib.django.TaskhubBackend",
        "OPTIONS": {"ENQUEUE_ON_COMMIT": True},
    },
}
globals().update(json.loads(os.environ.get("SHOP_SETTINGS", "{}")))
