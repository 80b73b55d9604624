from celery import shared_task
from demo.models import Widget


@shared_task
def add(x, y):
    return x + y


@shared_task
def count_widgets():
    return Widget.objects.count()


@shared_task(bind=True, autoretry_for=(Widget.DoesNotExist,), retry_kwargs={"max_retries": 1}, default_retry_delay=0)
def rename_widget(self, widget_id, name):
    w = Widget.objects.get(id=widget_id)
    w.name = name
    w.renamed += 1
    w.save()
    return {"id": w.id, "name": w.name, "retries": self.request.retries}
