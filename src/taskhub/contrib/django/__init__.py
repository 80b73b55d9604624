"""The dashboard as a part of a Django project, for its staff.

from taskhub.contrib.django import dashboard_urls

urlpatterns = [path("tasks/", dashboard_urls(app))]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.contrib.django.dashboard import dashboard_urls

__all__ = ("dashboard_urls",)


def __getattr__(name: str) -> Any:
    if name != "dashboard_urls":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from taskhub.contrib.django.dashboard import dashboard_urls

    return dashboard_urls
