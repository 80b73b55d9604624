"""What a web framework's factory configures later: an app without settings."""

from celery import Celery

celery_app = Celery()
