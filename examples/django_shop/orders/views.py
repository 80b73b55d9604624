"""Placing an order, and looking at one."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.models import Order, Product
from orders.tasks import reserve_stock


@csrf_exempt
@require_POST
def place_order(request: HttpRequest) -> JsonResponse:
    """Store an order; the rest is done later. A request that fails sends nothing."""
    product = get_object_or_404(Product, name=request.POST.get("product", ""))
    order = Order.objects.create(
        product=product,
        quantity=int(request.POST.get("quantity", "1")),
        email=request.POST["email"],
    )
    result = reserve_stock.delay(order.pk)
    if request.POST.get("card") == "declined":
        # The transaction is rolled back, and with it the call.
        raise ValueError("the card was declined")
    return JsonResponse({"order": order.pk, "task": result.id}, status=202)


def show_order(request: HttpRequest, number: int) -> JsonResponse:
    """Return what has become of an order."""
    order = get_object_or_404(Order, pk=number)
    return JsonResponse({"order": order.pk, "status": order.status})
