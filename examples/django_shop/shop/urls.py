"""The pages: orders, the admin, and the dashboard for staff."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from orders import views

from taskhub.contrib.django import app, dashboard_urls

urlpatterns = [
    path("orders/", views.place_order),
    path("orders/<int:number>/", views.show_order),
    path("admin/", admin.site.urls),
    # The admin has an entry that leads here.
    path("tasks/", dashboard_urls(app)),
]
