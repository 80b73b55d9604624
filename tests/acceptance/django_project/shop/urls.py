"""The admin, and the dashboard."""

from django.contrib import admin
from django.urls import path

from taskhub.contrib.django import app, dashboard_urls

urlpatterns = [path("admin/", admin.site.urls), path("tasks/", dashboard_urls(app))]
