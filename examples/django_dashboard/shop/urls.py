"""The pages: the admin, the dashboard for staff, and one that calls a task."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.celery import app
from shop.tasks import send_invoice
from taskhub.contrib.django import dashboard_urls


@csrf_exempt
@require_POST
def request_invoice(request: HttpRequest, order: int) -> JsonResponse:
    """Send an invoice later."""
    return JsonResponse({"task": send_invoice.delay(order).id}, status=202)


urlpatterns = [
    path("admin/", admin.site.urls),
    # Superusers are admins of it, other staff may look; the group "operations" may act, too.
    path("tasks/", dashboard_urls(app, groups={"operations": "operator"})),
    path("orders/<int:order>/invoice", request_invoice),
]
