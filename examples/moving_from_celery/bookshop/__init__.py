"""A bookshop whose slow work is done by Celery."""

from bookshop.celery import app as celery_app

__all__ = ("celery_app",)
