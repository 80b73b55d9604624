import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# As programs write it that know only INSTALLED_APPS: paths of classes, and what is not there.
app.autodiscover_tasks(["orders.apps.OrdersConfig", "orders.nothing"])
