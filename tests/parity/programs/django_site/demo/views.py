from demo.models import Widget
from demo.tasks import add, count_widgets, rename_widget
from django.db import transaction
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from celery.result import AsyncResult


@csrf_exempt
@transaction.atomic
def create(request):
    widget = Widget.objects.create(name=request.POST["name"])
    # Sent when the transaction is committed, so that the worker finds the row.
    rename_widget.delay_on_commit(widget.pk, request.POST["name"].upper())
    return JsonResponse({"id": widget.pk, "task": add.delay(2, 3).id})


@csrf_exempt
def create_and_fail(request):
    try:
        with transaction.atomic():
            widget = Widget.objects.create(name="lost")
            rename_widget.delay_on_commit(widget.pk, "LOST")
            raise ValueError("no luck")
    except ValueError as error:
        return JsonResponse({"error": str(error), "task": count_widgets.delay().id})


def show(request, pk):
    widget = Widget.objects.get(pk=pk)
    return JsonResponse({"name": widget.name, "renamed": widget.renamed})


def status(request, task_id):
    result = AsyncResult(task_id)
    return JsonResponse({"state": result.state, "result": result.result if result.ready() else None})
