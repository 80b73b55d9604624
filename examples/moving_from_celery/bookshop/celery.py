"""The app of the bookshop."""

from celery import Celery

app = Celery("bookshop", include=["bookshop.tasks"])
app.config_from_object("bookshop.settings")
