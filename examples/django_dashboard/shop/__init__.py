"""A project with tasks, and their dashboard for its staff."""

from shop.celery import app as celery_app

__all__ = ("celery_app",)
