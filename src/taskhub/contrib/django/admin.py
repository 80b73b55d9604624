"""An entry in Django's admin that leads its staff to the dashboard, if the project has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps.registry import Apps
from django.contrib import admin
from django.db import models
from django.http import Http404, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ("Dashboard", "DashboardAdmin")


class Dashboard(models.Model):  # type: ignore[misc]
    """Stands for the dashboard among the admin's models; it has no table, nor permissions."""

    class Meta:
        """Keeps it out of the project's models."""

        app_label = "taskhub"
        # A registry of its own: nothing is migrated.
        apps = Apps()
        managed = False
        default_permissions = ()
        verbose_name = verbose_name_plural = "dashboard"


@admin.register(Dashboard)
class DashboardAdmin(admin.ModelAdmin):  # type: ignore[misc]
    """Shows the entry to staff where `dashboard_urls` is mounted; the dashboard knows its roles."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return dashboard_url() is not None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return dashboard_url() is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the dashboard.

        Raises:
            Http404: The project does not have it.
        """
        url = dashboard_url()
        if url is None:
            raise Http404("the dashboard is not mounted: add dashboard_urls to urlpatterns")
        return HttpResponseRedirect(url)


def dashboard_url() -> str | None:
    """Return where the dashboard is; None: the project has not mounted it."""
    try:
        return str(reverse("taskhub:dashboard", args=[""]))
    except NoReverseMatch:
        return None
