"""Django's settings: for its schedule in the database."""

from pathlib import Path

SECRET_KEY = "only for tests"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django_celery_beat",
    "django_structlog",
    "celery_progress",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(__file__).parent.parent / "shop.sqlite3",
        "OPTIONS": {"timeout": 30},
    }
}
USE_TZ = True
